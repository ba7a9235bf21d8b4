import type { Socket } from 'node:net';

import { ClientTCP } from '@nestjs/microservices';
import type { AnswerBatch } from '@tollgate/contracts';
import { answersPattern } from '@tollgate/contracts';
import { sealedClientSocket } from '@tollgate/service-kit';

import type { ReplyAddress } from './reply-address.ts';

/**
 * Upper bound on answers queued for a gateway. Beyond it the newest are dropped; a retry of their callers gets the
 * booked answer.
 */
const waitingAnswersMax = 20_000;
const socketBytesMax = 16 * 1024 * 1024;
/** Older answers are dropped: their callers were answered 503 already (ANSWER_WAIT_MS is 5 s). */
const staleMs = 10_000;
const retryFirstMs = 50;
const retryMaxMs = 1_000;
const connectTimeoutMs = 3_000;

type Waiting = { readonly batch: AnswerBatch; readonly since: number };

/**
 * The connection to one boot of one gateway: connects when there is an answer to send, and drops answers that cannot be
 * sent in time.
 */
export class GatewayLink {
  /** When the last answer was queued. */
  usedAt = performance.now();
  readonly #client: ClientTCP;
  #waiting: Waiting[] = [];
  #waitingAnswers = 0;
  #connected = false;
  #connecting = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ host, port }: ReplyAddress, secret: string) {
    this.#client = new ClientTCP({ host, port, socketClass: sealedClientSocket({ secret, purpose: answersPattern }) });
    Object.assign(this.#client, { logger: silent });
    this.#client.status.subscribe((status) => {
      if (status === 'disconnected') this.#connected = false;
    });
  }

  push(batch: AnswerBatch): void {
    this.usedAt = performance.now();
    if (this.#closed) return;
    if (this.#connected) return this.#emit(batch);
    if (this.#waitingAnswers + batch.answers.length > waitingAnswersMax) return;
    this.#waiting.push({ batch, since: performance.now() });
    this.#waitingAnswers += batch.answers.length;
    this.#connect(retryFirstMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#client.close();
  }

  #connect(waitMs: number): void {
    if (this.#connecting || this.#closed) return;
    this.#connecting = true;
    // TCP takes minutes to notice a peer that drops all packets.
    const late = setTimeout(() => this.#client.close(), connectTimeoutMs);
    this.#client
      .connect()
      .then(
        () => true,
        () => false,
      )
      .then(
        (reached) => {
          clearTimeout(late);
          this.#connected = reached && !this.#closed;
          if (this.#connected) {
            this.#connecting = false;
            const waiting = this.#waiting;
            this.#waiting = [];
            this.#waitingAnswers = 0;
            for (const { batch, since } of waiting) if (performance.now() - since < staleMs) this.#emit(batch);
            return;
          }
          this.#client.close();
          this.#dropStale();
          this.#timer = setTimeout(() => {
            this.#connecting = false;
            if (this.#waiting.length > 0) this.#connect(Math.min(waitMs * 2, retryMaxMs));
          }, waitMs);
        },
        () => undefined,
      );
  }

  #dropStale(): void {
    const now = performance.now();
    this.#waiting = this.#waiting.filter(({ since }) => now - since < staleMs);
    this.#waitingAnswers = this.#waiting.reduce((sum, { batch }) => sum + batch.answers.length, 0);
  }

  #emit(batch: AnswerBatch): void {
    const socket = this.#client.unwrap<{ readonly netSocket?: Socket } & Partial<Socket>>();
    const queued = socket.netSocket?.writableLength ?? socket.writableLength ?? 0;
    if (queued > socketBytesMax) return;
    this.#client.emit(answersPattern, batch).subscribe({ error: () => undefined });
  }
}

/** Nest would log an error for each attempt to reach a gateway that is down. */
const silent = {
  log: () => undefined,
  error: () => undefined,
  warn: () => undefined,
  debug: () => undefined,
  verbose: () => undefined,
};
