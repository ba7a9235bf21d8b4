import type { Answer, LedgerRequest } from '@tollgate/contracts';
import { recordHeaders, toWireRequest } from '@tollgate/contracts';
import { AppError, partitionOf } from '@tollgate/kernel';
import type { AnswerReceiver, Appended, EventLog, OutgoingRecord } from '@tollgate/messaging';

import { mayBook } from '../../shared/domain/surface-account.ts';
import { freshId } from './requests.ts';

type Waiter = {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly request: LedgerRequest;
  readonly partition: number;
  readonly deadlineMs: number;
};

export type LedgerClientOptions = {
  /** Combines concurrent appends into one send, in the order of the calls. */
  readonly log: Pick<EventLog, 'append'>;
  readonly receiver: AnswerReceiver;
  readonly partitions: number;
  /** How long a caller waits for its booking. */
  readonly answerWaitMs: number;
};

/** Upper bound of concurrent waiters. Beyond it requests fail at once with 503. */
const waitersMax = 50_000;
/** Interval of the check for late waiters. A 503 is late by at most this much. */
const sweepMs = 50;
/** Withdrawals that the log did not accept are retried. Beyond this number the oldest are dropped. */
const withdrawalsMax = 10_000;
const withdrawalRetryMs = 1_000;

/**
 * Requests that may be booked although their caller was answered 503 and has no key to repeat them with (rule 23).
 * Settle and release are not among them: a repeat is answered with how the hold ended, nothing counts twice, and what
 * was used stays booked.
 */
const withdrawable: ReadonlySet<string> = new Set(['spend', 'grant', 'hold', 'extend', 'correct']);

/** Repeated, a raise or a renewal would add to the first. The other tier changes have the same result when repeated. */
const addsToTier = (request: LedgerRequest): boolean =>
  request.type === 'tier' && (request.data.change === 'raise' || request.data.change === 'renew');

/**
 * Sends requests through the log: appends the request, waits for the ledger's answer under the waiter's number, and
 * gives up after the time limit. Answers without a waiter are dropped.
 */
export class LedgerClient {
  readonly partitions: number;
  readonly #options: LedgerClientOptions;
  /** In order of their deadlines, because all wait equally long. */
  readonly #waiters = new Map<number, Waiter>();
  readonly #patient = new Map<number, Waiter>();
  #nextWaiter = 1;
  readonly #sweeper: NodeJS.Timeout;
  #withdrawals: OutgoingRecord[] = [];
  #withdrawalTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: LedgerClientOptions) {
    this.#options = options;
    this.partitions = options.partitions;
    options.receiver.onAnswers((answers) => this.#take(answers));
    this.#sweeper = setInterval(() => this.#giveUpLate(), sweepMs);
    this.#sweeper.unref();
  }

  /** Number of callers that are waiting for an answer. */
  get waiting(): number {
    return this.#waiters.size + this.#patient.size;
  }

  /**
   * Sends a request to the ledger and waits for its answer. Requests that name a hold or an entry pass that one's
   * partition.
   * @throws AppError('unavailable', LOG_UNAVAILABLE) if the log does not accept it, LEDGER_UNAVAILABLE if the answer is
   * late. In both cases a request without a key is withdrawn, and a request with a key gets its first answer when
   * repeated.
   * @throws AppError('conflict', ACCOUNT_ID_RESERVED) for the account of closed months.
   */
  ask(request: LedgerRequest, partition = partitionOf(request.account, this.partitions)): Promise<Answer> {
    const { account, source } = request;
    if (!mayBook(account, source)) {
      const detail = `${account} records the closing of months: only closing and reopening a month change it`;
      return Promise.reject(new AppError('conflict', 'ACCOUNT_ID_RESERVED', detail));
    }
    return this.#send(request, partition, this.#waiters, this.#options.answerWaitMs);
  }

  /** Like `ask`, with one request per partition and a time limit of `waitMs` for all answers. */
  async askEveryPartition(make: () => LedgerRequest, waitMs: number): Promise<readonly Answer[]> {
    const all = Array.from({ length: this.partitions }, (_, partition) =>
      this.#send(make(), partition, this.#patient, waitMs),
    );
    return Promise.all(all);
  }

  /** Appends requests without waiting for their booking. Resolves with their positions when the log holds them. */
  post(requests: readonly LedgerRequest[]): Promise<readonly Appended[]> {
    return this.#options.log.append(
      requests.map((request) => recordOf(request, partitionOf(request.account, this.partitions))),
    );
  }

  /** Waiting callers are answered that the platform is stopping. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweeper);
    if (this.#withdrawalTimer !== null) clearTimeout(this.#withdrawalTimer);
    for (const waiters of [this.#waiters, this.#patient]) {
      for (const waiter of waiters.values()) waiter.reject(stopping());
      waiters.clear();
    }
  }

  #send(request: LedgerRequest, partition: number, waiters: Map<number, Waiter>, waitMs: number): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      if (this.#closed) return reject(stopping());
      if (this.#waiters.size >= waitersMax)
        return reject(
          new AppError('unavailable', 'OVERLOADED', 'too many requests are waiting for their booking; try again'),
        );
      const number = this.#nextWaiter++;
      waiters.set(number, { resolve, reject, request, partition, deadlineMs: performance.now() + waitMs });
      const headers = {
        [recordHeaders.replyTo]: this.#options.receiver.replyTo,
        [recordHeaders.waiter]: String(number),
      };
      this.#options.log.append([recordOf(request, partition, headers)]).catch((error: unknown) => {
        // The log may hold the record in spite of the error, so an answer that came first stands.
        if (!waiters.delete(number)) return;
        const withdrawal = withdrawalOf(request, partition);
        if (withdrawal !== null) this.#withdrawLater(withdrawal);
        reject(error);
      });
    });
  }

  #take(answers: readonly (readonly [waiter: number, answer: Answer])[]): void {
    for (const [number, answer] of answers) {
      const waiter = this.#waiters.get(number) ?? this.#patient.get(number);
      if (waiter === undefined) continue;
      if (!this.#waiters.delete(number)) this.#patient.delete(number);
      waiter.resolve(answer);
    }
  }

  #giveUpLate(): void {
    const nowMs = performance.now();
    for (const [number, waiter] of this.#waiters) {
      if (waiter.deadlineMs > nowMs) break;
      this.#waiters.delete(number);
      this.#giveUp(waiter);
    }
    for (const [number, waiter] of this.#patient) {
      if (waiter.deadlineMs > nowMs) continue;
      this.#patient.delete(number);
      this.#giveUp(waiter);
    }
  }

  /** Appends the withdrawal before the caller gets the error, if the log still accepts it (rule 23). */
  #giveUp(waiter: Waiter): void {
    const withdrawal = withdrawalOf(waiter.request, waiter.partition);
    if (withdrawal === null) {
      waiter.reject(late());
      return;
    }
    this.#options.log.append([withdrawal]).then(
      () => waiter.reject(late()),
      () => {
        this.#withdrawLater(withdrawal);
        waiter.reject(late());
      },
    );
  }

  #withdrawLater(withdrawal: OutgoingRecord): void {
    this.#withdrawals.push(withdrawal);
    if (this.#withdrawals.length > withdrawalsMax) this.#withdrawals.shift();
    if (this.#withdrawalTimer !== null || this.#closed) return;
    this.#withdrawalTimer = setTimeout(() => this.#retryWithdrawals(), withdrawalRetryMs);
    this.#withdrawalTimer.unref();
  }

  #retryWithdrawals(): void {
    this.#withdrawalTimer = null;
    const due = this.#withdrawals;
    this.#withdrawals = [];
    this.#options.log.append(due).catch(() => {
      for (const withdrawal of due) this.#withdrawLater(withdrawal);
    });
  }
}

function recordOf(
  request: LedgerRequest,
  partition: number,
  headers?: Readonly<Record<string, string>>,
): OutgoingRecord {
  const record = toWireRequest(request, partition);
  return headers === undefined ? record : { ...record, headers };
}

function withdrawalOf(request: LedgerRequest, partition: number): OutgoingRecord | null {
  if (request.keyed === true || !(withdrawable.has(request.type) || addsToTier(request))) return null;
  const { source, id, account } = request;
  const named =
    request.type === 'extend'
      ? { hold: request.data.hold }
      : request.type === 'correct'
        ? { entry: request.data.entry }
        : {};
  const data = { source, id, ...named };
  const withdrawal = {
    v: 1 as const,
    type: 'withdraw' as const,
    source: 'http:withdraw',
    id: freshId(),
    account,
    data,
  };
  return recordOf(withdrawal, partition);
}

const stopping = (): AppError =>
  new AppError('unavailable', 'SERVICE_STOPPING', 'the platform is stopping; try again with the same Idempotency-Key');

const late = (): AppError =>
  new AppError(
    'unavailable',
    'LEDGER_UNAVAILABLE',
    'the booking was not confirmed in time; try again with the same Idempotency-Key',
  );
