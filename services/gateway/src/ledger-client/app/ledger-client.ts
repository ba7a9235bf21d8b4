import type { Answer, LedgerRequest } from '@tollgate/contracts';
import { recordHeaders, topics } from '@tollgate/contracts';
import { AppError, familyOf, partitionOf } from '@tollgate/kernel';
import type { AnswerReceiver, Appended, EventLog, OutgoingRecord } from '@tollgate/messaging';

import { freshId } from './requests.ts';

type Waiter = {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly request: LedgerRequest;
  readonly partition: number;
  readonly deadlineMs: number;
};

export type LedgerClientOptions = {
  /** Collects what is appended at the same time into one send, in the order of the calls. */
  readonly log: Pick<EventLog, 'append'>;
  readonly receiver: AnswerReceiver;
  readonly partitions: number;
  /** How long a caller waits for its booking. */
  readonly answerWaitMs: number;
};

/** More callers than this wait for nothing good: the next is told to come back. */
const waitersMax = 50_000;
/** How often late waiters are looked for; a 503 comes at most this much after the wait. */
const sweepMs = 50;
/** Withdrawals that the log did not take are tried again; beyond this many the oldest are given up. */
const withdrawalsMax = 10_000;
const withdrawalRetryMs = 1_000;

/**
 * What a late caller without a key may have had booked without knowing (rule 23). Settle and release end a hold once:
 * sent again they are answered with how it ended, so that nothing counts twice, and what was used stays booked.
 */
const withdrawable: ReadonlySet<string> = new Set(['spend', 'grant', 'hold', 'extend', 'correct']);

/** Asked again, a raise or a renewal would add to the first; the other changes of tiers leave the same behind. */
const addsToTier = (request: LedgerRequest): boolean =>
  request.type === 'tier' && (request.data.change === 'raise' || request.data.change === 'renew');

/**
 * The way of a request through the log to its answer: append, wait for the ledger's answer under this waiter's number,
 * give up after the wait. Answers of numbers nobody waits for are dropped.
 */
export class LedgerClient {
  readonly partitions: number;
  private readonly options: LedgerClientOptions;
  /** Waiters in the order of their deadlines, because all wait equally long. */
  private readonly waiters = new Map<number, Waiter>();
  private readonly patient = new Map<number, Waiter>();
  private nextWaiter = 1;
  private readonly sweeper: NodeJS.Timeout;
  private withdrawals: OutgoingRecord[] = [];
  private withdrawalTimer: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(options: LedgerClientOptions) {
    this.options = options;
    this.partitions = options.partitions;
    options.receiver.onAnswers((answers) => this.take(answers));
    this.sweeper = setInterval(() => this.giveUpLate(), sweepMs);
    this.sweeper.unref();
  }

  /** How many callers wait for an answer now. */
  get waiting(): number {
    return this.waiters.size + this.patient.size;
  }

  /**
   * Asks the ledger and waits. A request that names a hold or an entry gives its partition.
   * @throws AppError('unavailable', LOG_UNAVAILABLE) when the log does not take it, LEDGER_UNAVAILABLE when the answer
   * is
   *   late; in both cases an unkeyed request is withdrawn and a keyed one gets its first answer when sent again.
   */
  ask(request: LedgerRequest, partition = partitionOf(request.account, this.partitions)): Promise<Answer> {
    return this.send(request, partition, this.waiters, this.options.answerWaitMs);
  }

  /** As `ask`, for one request to every partition, waiting `waitMs` for the last answer. */
  async askEveryPartition(make: () => LedgerRequest, waitMs: number): Promise<readonly Answer[]> {
    const all = Array.from({ length: this.partitions }, (_, partition) =>
      this.send(make(), partition, this.patient, waitMs),
    );
    return Promise.all(all);
  }

  /** Appends requests nobody waits for; resolves with their positions once the log holds them. */
  post(requests: readonly LedgerRequest[]): Promise<readonly Appended[]> {
    return this.options.log.append(
      requests.map((request) => recordOf(request, partitionOf(request.account, this.partitions))),
    );
  }

  /** Those who still wait are told that the platform stops. */
  close(): void {
    this.closed = true;
    clearInterval(this.sweeper);
    if (this.withdrawalTimer !== null) clearTimeout(this.withdrawalTimer);
    for (const waiters of [this.waiters, this.patient]) {
      for (const waiter of waiters.values()) waiter.reject(stopping());
      waiters.clear();
    }
  }

  private send(
    request: LedgerRequest,
    partition: number,
    waiters: Map<number, Waiter>,
    waitMs: number,
  ): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      if (this.closed) return reject(stopping());
      if (this.waiters.size >= waitersMax)
        return reject(new AppError('unavailable', 'OVERLOADED', 'too many requests are waiting for their booking'));
      const number = this.nextWaiter++;
      waiters.set(number, { resolve, reject, request, partition, deadlineMs: performance.now() + waitMs });
      const headers = {
        [recordHeaders.replyTo]: this.options.receiver.replyTo,
        [recordHeaders.waiter]: String(number),
      };
      this.options.log.append([recordOf(request, partition, headers)]).catch((error: unknown) => {
        // The log may have taken the record all the same, so that an answer given meanwhile stands.
        if (!waiters.delete(number)) return;
        const withdrawal = withdrawalOf(request, partition);
        if (withdrawal !== null) this.withdrawLater(withdrawal);
        reject(error);
      });
    });
  }

  private take(answers: readonly (readonly [waiter: number, answer: Answer])[]): void {
    for (const [number, answer] of answers) {
      const waiter = this.waiters.get(number) ?? this.patient.get(number);
      if (waiter === undefined) continue;
      if (!this.waiters.delete(number)) this.patient.delete(number);
      waiter.resolve(answer);
    }
  }

  private giveUpLate(): void {
    const nowMs = performance.now();
    for (const [number, waiter] of this.waiters) {
      if (waiter.deadlineMs > nowMs) break;
      this.waiters.delete(number);
      this.giveUp(waiter);
    }
    for (const [number, waiter] of this.patient) {
      if (waiter.deadlineMs > nowMs) continue;
      this.patient.delete(number);
      this.giveUp(waiter);
    }
  }

  /** The withdrawal is in the log before the caller hears of the failure, where the log still takes it (rule 23). */
  private giveUp(waiter: Waiter): void {
    const withdrawal = withdrawalOf(waiter.request, waiter.partition);
    if (withdrawal === null) {
      waiter.reject(late());
      return;
    }
    this.options.log.append([withdrawal]).then(
      () => waiter.reject(late()),
      () => {
        this.withdrawLater(withdrawal);
        waiter.reject(late());
      },
    );
  }

  private withdrawLater(withdrawal: OutgoingRecord): void {
    this.withdrawals.push(withdrawal);
    if (this.withdrawals.length > withdrawalsMax) this.withdrawals.shift();
    if (this.withdrawalTimer !== null || this.closed) return;
    this.withdrawalTimer = setTimeout(() => this.retryWithdrawals(), withdrawalRetryMs);
    this.withdrawalTimer.unref();
  }

  private retryWithdrawals(): void {
    this.withdrawalTimer = null;
    const due = this.withdrawals;
    this.withdrawals = [];
    this.options.log.append(due).catch(() => {
      for (const withdrawal of due) this.withdrawLater(withdrawal);
    });
  }
}

function recordOf(
  request: LedgerRequest,
  partition: number,
  headers?: Readonly<Record<string, string>>,
): OutgoingRecord {
  const key = request.account === '' ? request.id : familyOf(request.account);
  const record = { topic: topics.usageEvents, partition, key, value: JSON.stringify(request) };
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
