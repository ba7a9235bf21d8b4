import { randomUUID } from 'node:crypto';

import { AppError } from '@tollgate/kernel';

import type { Lease, LeasedRows } from '../../leases/app/leases.ts';
import { Leases } from '../../leases/app/leases.ts';
import { contentHash } from '../../ledger-client/app/requests.ts';

/**
 * State of an operation. `started`: no hold is known. `held`: the service may have been called. `answered`: the service
 * delivered, the hold is not settled yet. `failing`: the hold is to be released. `done`, `failed`: ended. `orphaned`:
 * ended after a crash, released or unpaid; an operator should look at it.
 */
export type Step = 'started' | 'held' | 'answered' | 'failing' | 'done' | 'failed' | 'orphaned';
export const openSteps = ['started', 'held', 'answered', 'failing'] as const satisfies readonly Step[];
export const isOver = (step: Step): boolean => !(openSteps as readonly Step[]).includes(step);

/**
 * The durable row of a composed operation (rule 24). `result`: the answer its caller gets, before it is worded for
 * HTTP.
 */
export type Operation = {
  readonly id: string;
  readonly account: string;
  readonly operation: string;
  readonly key: string | null;
  readonly hash: string;
  readonly request: unknown;
  readonly step: Step;
  readonly hold: string | null;
  readonly delivered: unknown;
  readonly result: unknown;
  readonly reason: string | null;
  readonly createdAt: string;
  /** The request and the answer have been erased. */
  readonly erased: boolean;
};
export type Begun = Pick<Operation, 'id' | 'account' | 'operation' | 'key' | 'hash' | 'request'>;
export type Progress = {
  readonly step: Step;
  readonly hold?: string;
  readonly delivered?: unknown;
  readonly result?: unknown;
  readonly reason?: string;
  /** Frees the key, because refusals are not kept (surfaces §0.6). */
  readonly freeKey?: boolean;
};

/** Port: where operations are kept. */
export interface OperationStore extends LeasedRows<Operation> {
  /** Inserts the operation, leased to this process, and answers null; or answers the row that already has the key. */
  begin(begun: Begun, lease: Lease): Promise<Operation | null>;
  /** Changes an open operation. Without effect on an ended one. */
  progress(id: string, progress: Progress): Promise<void>;
  orphaned(limit: number): Promise<readonly Operation[]>;
  /** Removes ended operations without a key that are older. */
  prune(beforeMs: number): Promise<void>;
}

/** A crashed process is noticed after this time. Leases are prolonged three times within it. */
const leaseMs = 6_000;
/** How long a repeat waits for the first to end: longer than an upstream call and the bookings around it. */
const repeatWaitMs = 75_000;

export type NewOperation = {
  readonly account: string;
  readonly operation: string;
  readonly key: string | undefined;
  /** The complete request, for the comparison with a repeat under the same key. */
  readonly content: unknown;
};
export type Ran<Result> = { readonly result: Result; readonly replayed: boolean };
/** The work of an operation. Its result is kept in the row. */
export type Work<Result> = (operation: Begun) => Promise<{ readonly result: Result; readonly kept: boolean }>;

/**
 * Runs operations once per key: a repeat waits for the first and gets its result, other content is refused (surfaces
 * §0.6).
 */
export class Operations {
  readonly #store: OperationStore;
  readonly #leases: Leases<Operation>;

  constructor(store: OperationStore) {
    this.#store = store;
    this.#leases = new Leases(store, leaseMs);
  }

  /**
   * @throws AppError('reused') for other content under the key; AppError('unavailable') when the first takes too long;
   *   and what `work` throws: the row then stays open for the next process that looks.
   */
  async run<Result>({ account, operation, key, content }: NewOperation, work: Work<Result>): Promise<Ran<Result>> {
    const hash = contentHash(content);
    const begun: Begun = { id: randomUUID(), account, operation, key: key ?? null, hash, request: content };
    const first = await this.#store.begin(begun, this.#leases.own);
    if (first === null) return { result: await this.work(begun, work), replayed: false };
    const ran = await this.#leases.follow<Ran<Result>>(first, {
      hash,
      waitMs: repeatWaitMs,
      result: resultOf,
      // Nothing is held yet; an operation that is further on is left to the sweep.
      mayTakeOver: ({ step }) => step === 'started',
      work: async (row) => ({ result: await this.work(row, work), replayed: false }),
    });
    if (ran !== null) return ran;
    throw new AppError('unavailable', 'REQUEST_UNDER_WAY', 'the first request with this key was removed; try again');
  }

  /** Works on a row that this process has the lease of. */
  work<Result>(begun: Begun, work: Work<Result>): Promise<Result> {
    return this.#leases.hold(begun.id, async () => {
      const { result, kept } = await work(begun);
      await this.#store.progress(begun.id, { step: kept ? 'done' : 'failed', result, freeKey: !kept });
      return result;
    });
  }

  progress(id: string, progress: Progress): Promise<void> {
    return this.#store.progress(id, progress);
  }

  /** Open operations that another process left, now leased to this one. */
  orphans(): Promise<readonly Operation[]> {
    return this.#leases.orphans();
  }

  /** Those that ended after a crash, or unpaid, the latest first. */
  orphaned(limit: number): Promise<readonly Operation[]> {
    return this.#store.orphaned(limit);
  }

  prune(beforeMs: number): Promise<void> {
    return this.#store.prune(beforeMs);
  }

  close(): void {
    this.#leases.close();
  }
}

/** What the caller of a row is told; null: it is open. */
function resultOf<Result>({ step, erased, result }: Operation): Ran<Result> | null {
  if (!isOver(step)) return null;
  if (erased)
    throw new AppError(
      'conflict',
      'ANSWER_ERASED',
      'the answer under this Idempotency-Key was erased; use a new key for a new request',
    );
  return { result: result as Result, replayed: step === 'done' };
}
