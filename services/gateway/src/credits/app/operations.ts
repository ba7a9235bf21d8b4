import { randomUUID } from 'node:crypto';

import { AppError } from '@tollgate/kernel';

import { contentHash } from '../../ledger-client/app/requests.ts';

/**
 * Where an operation is. `started`: nothing is known to be held · `held`: upstream may have been asked · `answered`:
 * upstream delivered, not settled yet · `failing`: to be released · `done`, `failed`: over · `orphaned`: over after a
 * crash, released or unpaid, for an operator to look at.
 */
export type Step = 'started' | 'held' | 'answered' | 'failing' | 'done' | 'failed' | 'orphaned';
export const openSteps = ['started', 'held', 'answered', 'failing'] as const satisfies readonly Step[];
export const isOver = (step: Step): boolean => !(openSteps as readonly Step[]).includes(step);

/**
 * The durable row of one composed operation (rule 24). `result` is what its caller was or will be told, in our own
 * terms.
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
  /** What was asked and answered was erased since. */
  readonly erased: boolean;
};
export type Begun = Pick<Operation, 'id' | 'account' | 'operation' | 'key' | 'hash' | 'request'>;
export type Progress = {
  readonly step: Step;
  readonly hold?: string;
  readonly delivered?: unknown;
  readonly result?: unknown;
  readonly reason?: string;
  /** The key may be used again: a refusal is not kept (surfaces §0.6). */
  readonly freeKey?: boolean;
};

/** Port: where operations are kept. An open one is leased to the process that works on it. */
export interface OperationStore {
  /** null: it is begun and leased; else the row that has the key. */
  begin(begun: Begun, lease: Lease): Promise<Operation | null>;
  byId(id: string): Promise<Operation | null>;
  /** Changes an open operation; what is over stays as it is. */
  progress(id: string, progress: Progress): Promise<void>;
  /** Prolongs the leases of a process. */
  beat(lease: Lease): Promise<void>;
  /** Gives a lease up, so that the next who looks may go on. */
  letGo(id: string): Promise<void>;
  /** Takes open operations whose lease ran out; `id`: that one only. */
  takeOver(
    lease: Lease,
    of: { readonly id: string } | { readonly operations: readonly string[] },
  ): Promise<readonly Operation[]>;
  orphaned(limit: number): Promise<readonly Operation[]>;
  /** Removes what is over, has no key and is older. */
  prune(beforeMs: number): Promise<void>;
}
export type Lease = { readonly owner: string; readonly ms: number };

/** A process that vanished is noticed after this long; beats come three times in it. */
const leaseMs = 6_000;
/** How long a repeat waits for the first to end: longer than an upstream call and the bookings around it. */
const repeatWaitMs = 75_000;
const pollMs = 100;

export type Asked = {
  readonly account: string;
  readonly operation: string;
  readonly key: string | undefined;
  /** All that the caller said. */
  readonly content: unknown;
};
export type Ran<Result> = { readonly result: Result; readonly replayed: boolean };
/** Runs an operation's work; what it answers is what the row keeps. */
export type Work<Result> = (operation: Begun) => Promise<{ readonly result: Result; readonly kept: boolean }>;

/**
 * Runs operations once per key: a repeat waits for the first and gets its result, other content is refused (surfaces
 * §0.6).
 */
export class Operations {
  readonly store: OperationStore;
  private readonly owner = randomUUID();
  private readonly mine = new Set<string>();
  private readonly timer: NodeJS.Timeout;
  private closed = false;

  constructor(store: OperationStore) {
    this.store = store;
    this.timer = setInterval(() => void this.beat(), leaseMs / 3);
    this.timer.unref();
  }

  get lease(): Lease {
    return { owner: this.owner, ms: leaseMs };
  }

  /**
   * @throws AppError('reused') for other content under the key; AppError('unavailable') when the first takes too long,
   * and
   *   whatever `work` throws: the row then stays open for whoever goes on with it.
   */
  async run<Result>(asked: Asked, work: Work<Result>): Promise<Ran<Result>> {
    const begun: Begun = {
      id: randomUUID(),
      account: asked.account,
      operation: asked.operation,
      key: asked.key ?? null,
      hash: contentHash(asked.content),
      request: asked.content,
    };
    const deadlineMs = performance.now() + repeatWaitMs;
    const first = await this.store.begin(begun, this.lease);
    if (first === null) return { result: await this.work(begun, work), replayed: false };
    if (first.hash !== begun.hash) {
      throw new AppError(
        'reused',
        'IDEMPOTENCY_KEY_REUSED',
        'this Idempotency-Key was used before for a request with other content',
      );
    }
    return this.follow(first, work, deadlineMs);
  }

  /** Works on a row that this process holds the lease of. */
  async work<Result>(begun: Begun, work: Work<Result>): Promise<Result> {
    this.mine.add(begun.id);
    try {
      const { result, kept } = await work(begun);
      await this.store.progress(begun.id, { step: kept ? 'done' : 'failed', result, freeKey: !kept });
      return result;
    } catch (error) {
      await this.store.letGo(begun.id).catch(() => undefined);
      throw error;
    } finally {
      this.mine.delete(begun.id);
    }
  }

  /** Those that ended after a crash, or unpaid, the latest first. */
  orphaned(limit: number): Promise<readonly Operation[]> {
    return this.store.orphaned(limit);
  }

  prune(beforeMs: number): Promise<void> {
    return this.store.prune(beforeMs);
  }

  isMine(id: string): boolean {
    return this.mine.has(id);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
  }

  private async follow<Result>(first: Operation, work: Work<Result>, deadlineMs: number): Promise<Ran<Result>> {
    let row: Operation | null = first;
    while (row !== null && !isOver(row.step)) {
      // What holds nothing can be gone on with by whoever repeats it; the rest is the sweep's.
      const [taken] =
        row.step === 'started' && !this.mine.has(row.id) ? await this.store.takeOver(this.lease, { id: row.id }) : [];
      if (taken !== undefined) return { result: await this.work(taken, work), replayed: false };
      if (this.closed || performance.now() > deadlineMs) {
        throw new AppError('unavailable', 'REQUEST_UNDER_WAY', 'the first request with this key is still under way');
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      row = await this.store.byId(first.id);
    }
    if (row === null)
      throw new AppError('unavailable', 'REQUEST_UNDER_WAY', 'the first request with this key was removed; try again');
    if (row.erased)
      throw new AppError(
        'conflict',
        'ANSWER_ERASED',
        'what this key was answered with was erased; nothing is done again under it',
      );
    return { result: row.result as Result, replayed: row.step === 'done' };
  }

  private async beat(): Promise<void> {
    if (this.mine.size > 0) await this.store.beat(this.lease).catch(() => undefined);
  }
}
