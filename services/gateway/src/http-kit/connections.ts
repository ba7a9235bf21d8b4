import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { BlockList, isIP } from 'node:net';

import { networkOf } from '../shared/domain/network-address.ts';
import { correlationIdOf } from './correlation-id.ts';
import { problemJson } from './envelopes.ts';
import type { Failure } from './failure.ts';

export type ConnectionLimits = { readonly inAll: number; readonly perAddress: number };

/** Time limits for sending the last answer, and for reading on afterwards so that the answer is not lost. */
const flushMs = 2_000;
const lingerMs = 250;
/** Maximum of connections that are being refused at a time. Further ones are closed without an answer. */
const refusingMax = 256;

/** Answers a socket that has no parsed request, then closes the connection regardless of the client. */
export function answerAndDestroy(socket: Socket, failure: Failure & { readonly reason: string }): void {
  const body = JSON.stringify(problemJson.body(failure, correlationIdOf({})));
  const head = [
    `HTTP/1.1 ${failure.status} ${failure.reason}`,
    `content-type: ${problemJson.contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(failure.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  const destroy = (): void => void socket.destroy();
  setTimeout(destroy, flushMs).unref();
  socket.on('error', destroy);
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => setTimeout(destroy, lingerMs).unref());
  socket.resume();
}

/**
 * Refuses connections beyond the limits with 503. Answers a function that counts the open ones. Connections of trusted
 * proxies count towards the total only.
 */
export function limitConnections(
  server: Server,
  { inAll, perAddress }: ConnectionLimits,
  trustedProxies: readonly string[],
): () => number {
  const trusted = blockList(trustedProxies);
  const counts = new Map<string, number>();
  let all = 0;
  let refusing = 0;
  const refuse = (socket: Socket, whose: string): void => {
    // Refusing must cost less than serving.
    if (refusing >= refusingMax) return void socket.destroy();
    refusing += 1;
    socket.once('close', () => (refusing -= 1));
    const detail = `too many connections${whose}; try again`;
    answerAndDestroy(socket, {
      status: 503,
      reason: 'Service Unavailable',
      code: 'CONNECTIONS_EXHAUSTED',
      detail,
      headers: { 'retry-after': '1' },
    });
  };
  // The server's own listener must not see a refused socket: it would read requests from it.
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    const name = networkOf(remoteAddress);
    const own = counts.get(name) ?? 0;
    if (all >= inAll) return refuse(socket, '');
    if (own >= perAddress && !isTrusted(trusted, remoteAddress)) return refuse(socket, ' from this address');
    all += 1;
    counts.set(name, own + 1);
    socket.once('close', () => {
      all -= 1;
      const left = (counts.get(name) ?? 1) - 1;
      if (left > 0) counts.set(name, left);
      else counts.delete(name);
    });
    for (const listener of listeners) listener.call(server, socket);
  });
  return () => all;
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/', 2);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return list;
}

const isTrusted = (list: BlockList, address: string): boolean =>
  list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
