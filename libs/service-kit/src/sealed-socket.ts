import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Server, Socket } from 'node:net';

import { TcpSocket } from '@nestjs/microservices';

import { FrameReader, headBytes, Sealer, sessionKeys } from './sealed-frames.ts';

/** What is read of a peer before it has shown that it knows the secret. */
const strangerBytesMax = 512;
/** Answers of thousands of rows are megabytes; what is larger is a mistake. */
const frameBytesMax = 64 * 1024 * 1024;
const helloMs = 3_000;
/** Messages that wait for a peer to show the secret. */
const waitingMax = 50_000;
/** A peer that does not read what it asked for. */
const unsentBytesMax = 128 * 1024 * 1024;

export type SealedSocketOptions = {
  /** SERVICE_SECRET. */
  readonly secret: string;
  /** What the port is for: a conversation on one port proves nothing on another. */
  readonly purpose: string;
  /** Hears why a peer was put out. */
  readonly onRefused?: (reason: string, address: string | undefined) => void;
  /** Connections that have not shown the secret, of one address; and connections in all. */
  readonly strangersMax?: number;
  readonly connectionsMax?: number;
};
type SocketClass = new (socket: Socket) => TcpSocket;

/**
 * The wire between services under Nest's TCP transport: the side that connects first shows that it knows the secret, in
 * frames of 512 bytes at most; then every frame of both directions carries a MAC under keys of this one connection, and
 * its number. So nothing can be replayed, reordered or changed, and a stranger costs a few hundred bytes for three
 * seconds. The content is not encrypted.
 *
 * server → client `serverNonce`; client → server `clientNonce.proof`; server → client `proof`; then sealed frames.
 */
export function sealedServerSocket(options: SealedSocketOptions): {
  readonly socketClass: SocketClass;
  limit(server: Server): void;
} {
  const strangers = new Map<string, number>();
  const { strangersMax = 32, connectionsMax = 1_024 } = options;
  class SealedServerSocket extends SealedSocket {
    constructor(socket: Socket) {
      super(socket, options);
      const address = socket.remoteAddress ?? '';
      const waiting = (strangers.get(address) ?? 0) + 1;
      strangers.set(address, waiting);
      const known = (): void => {
        const left = (strangers.get(address) ?? 1) - 1;
        if (left > 0) strangers.set(address, left);
        else strangers.delete(address);
      };
      this.onSettled(known);
      if (waiting > strangersMax) this.refuse('too many connections of its address have not shown the secret');
      else this.greet();
    }
  }
  return {
    socketClass: SealedServerSocket,
    limit: (server) => {
      server.maxConnections = connectionsMax;
    },
  };
}

/** The other end. What is sent before the peer has shown the secret waits for it. */
export function sealedClientSocket(options: SealedSocketOptions): SocketClass {
  return class SealedClientSocket extends SealedSocket {
    constructor(socket: Socket) {
      super(socket, options);
    }
  };
}

type Waiting = { readonly message: unknown; readonly callback: ((error?: unknown) => void) | undefined };

abstract class SealedSocket extends TcpSocket {
  readonly #options: SealedSocketOptions;
  readonly #frames = new FrameReader(strangerBytesMax);
  readonly #timer: NodeJS.Timeout;
  #ownNonce = '';
  #role: 'server' | 'client' = 'client';
  #expected: string | null = null;
  #out: Sealer | null = null;
  #in: Sealer | null = null;
  #waiting: Waiting[] = [];
  #settled: (() => void)[] = [];

  constructor(socket: Socket, options: SealedSocketOptions) {
    super(socket);
    this.#options = options;
    this.#timer = setTimeout(() => this.refuse('it did not show the secret in time'), helloMs);
    this.#timer.unref();
    socket.once('close', () => this.#settle());
    socket.setNoDelay(true);
  }

  /** Called once: when the peer is known, or gone. */
  protected onSettled(callback: () => void): void {
    this.#settled.push(callback);
  }

  /** The server's first word. */
  protected greet(): void {
    this.#role = 'server';
    this.#ownNonce = newNonce();
    this.#plain(this.#ownNonce);
  }

  protected refuse(reason: string): void {
    this.#options.onRefused?.(reason, this.socket.remoteAddress);
    this.socket.destroy();
  }

  protected override handleData(data: Buffer): void {
    if (this.socket.destroyed) return;
    // What a stranger sends beyond its one small frame is not kept.
    if (this.#in === null && data.length > 4 * (strangerBytesMax + headBytes))
      return this.refuse('it sent more than a greeting');
    this.#frames.push(data);
    try {
      for (let frame = this.#frames.next(); frame !== null && !this.socket.destroyed; frame = this.#frames.next()) {
        if (this.#in === null) this.#handshake(frame.content.toString('latin1'));
        else if (this.#in.opens(frame.mac, frame.content)) this.emitMessage(frame.content.toString('utf8'));
        else return this.refuse('a frame is not sealed with the keys of its connection');
      }
    } catch (error) {
      if (error instanceof RangeError) return this.refuse(error.message);
      throw error;
    }
  }

  protected override handleSend(message: unknown, callback?: (error?: unknown) => void): void {
    if (this.#out === null) {
      if (this.#waiting.length >= waitingMax) return callback?.(new Error('too many messages wait for the peer'));
      this.#waiting.push({ message, callback });
      return;
    }
    if (this.socket.writableLength > unsentBytesMax) return this.refuse('it does not read what it is sent');
    this.socket.write(this.#out.frame(JSON.stringify(message)), callback);
  }

  #handshake(text: string): void {
    if (this.#role === 'server') return this.#hello(text);
    if (this.#expected === null) return this.#answerGreeting(text);
    if (!same(text, this.#expected)) return this.refuse('it does not know the secret');
    this.#settle();
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#open();
    for (const { message, callback } of waiting) this.handleSend(message, callback);
  }

  /** The server hears the client. */
  #hello(text: string): void {
    const [nonce = '', proof = ''] = text.split('.');
    if (!nonceShape.test(nonce) || !same(proof, this.#proof('client', this.#ownNonce, nonce)))
      return this.refuse('it does not know the secret');
    this.#keysOf(this.#ownNonce, nonce);
    this.#plain(this.#proof('server', this.#ownNonce, nonce));
    this.#settle();
    this.#open();
  }

  /** The client hears the server's first word. */
  #answerGreeting(serverNonce: string): void {
    if (!nonceShape.test(serverNonce)) return this.refuse('it does not greet as our services do');
    this.#ownNonce = newNonce();
    this.#expected = this.#proof('server', serverNonce, this.#ownNonce);
    this.#keysOf(serverNonce, this.#ownNonce);
    this.#plain(`${this.#ownNonce}.${this.#proof('client', serverNonce, this.#ownNonce)}`);
  }

  #pending: { readonly out: Sealer; readonly in: Sealer } | null = null;
  #keysOf(serverNonce: string, clientNonce: string): void {
    const { secret, purpose } = this.#options;
    const { toServer, toClient } = sessionKeys(secret, { purpose, serverNonce, clientNonce });
    const [out, into] = this.#role === 'server' ? [toClient, toServer] : [toServer, toClient];
    this.#pending = { out: new Sealer(out), in: new Sealer(into) };
  }

  /** From here on everything is sealed. */
  #open(): void {
    this.#out = this.#pending?.out ?? null;
    this.#in = this.#pending?.in ?? null;
    this.#frames.sizeMax = frameBytesMax;
  }

  #proof(by: 'server' | 'client', serverNonce: string, clientNonce: string): string {
    const { secret, purpose } = this.#options;
    return createHmac('sha256', secret)
      .update(`tollgate-wire\nproof-of-${by}\n${purpose}\n${serverNonce}\n${clientNonce}`)
      .digest('base64url');
  }

  /** A frame of the greeting, whose MAC is empty. */
  #plain(text: string): void {
    const frame = Buffer.alloc(headBytes + text.length);
    frame.writeUInt32BE(text.length, 0);
    frame.write(text, headBytes, 'latin1');
    this.socket.write(frame);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    for (const callback of this.#settled.splice(0)) callback();
  }
}

const newNonce = (): string => randomBytes(24).toString('base64url');
const nonceShape = /^[\w-]{32}$/;

function same(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
