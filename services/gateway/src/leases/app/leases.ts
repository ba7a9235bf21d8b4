import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError } from '@tollgate/kernel';

/** Who works on a row, and for how long unless the lease is prolonged. */
export type Lease = { readonly owner: string; readonly ms: number };

/** A row of work that is done once. `hash` is of what its first caller asked. */
export type LeasedRow = { readonly id: string; readonly hash: string };

/** Port: rows that are open until their work has ended. One process at a time has the lease of an open row. */
export interface LeasedRows<Row extends LeasedRow> {
  byId(id: string): Promise<Row | null>;
  /** Takes an open row whose lease has ended; null: it has another lease, or is not open. */
  takeOver(id: string, lease: Lease): Promise<Row | null>;
  /** Takes open rows that a process left, those whose lease ended first. */
  takeOrphans(lease: Lease): Promise<readonly Row[]>;
  /** Ends the lease, so that the next process that looks can take the row. */
  letGo(id: string): Promise<void>;
  /** Prolongs the leases of a process that have not ended. */
  beat?(lease: Lease): Promise<void>;
}

/** How a repeated request waits for the first one, or takes over its row. */
export type Following<Row, Result> = {
  /** Hash of the repeat's content; it must equal the first request's. */
  readonly hash: string;
  readonly waitMs: number;
  /** The result of a row that is not open any more; null: it is open. */
  readonly result: (row: Row) => Result | null;
  /** Whether a repeat may go on with it; default: always. */
  readonly mayTakeOver?: (row: Row) => boolean;
  readonly work: (row: Row) => Promise<Result>;
};

const pollMs = 100;

/** Runs work on rows of one table under leases. */
export class Leases<Row extends LeasedRow> {
  readonly #rows: LeasedRows<Row>;
  readonly #lease: Lease;
  readonly #held = new Set<string>();
  readonly #timer: NodeJS.Timeout | null;
  readonly #stopping = new AbortController();

  constructor(rows: LeasedRows<Row>, leaseMs: number) {
    this.#rows = rows;
    this.#lease = { owner: randomUUID(), ms: leaseMs };
    this.#timer = rows.beat === undefined ? null : setInterval(() => void this.#beat(), leaseMs / 3);
    this.#timer?.unref();
  }

  /** For a new row, which begins leased to this process. */
  get own(): Lease {
    return this.#lease;
  }

  /** Prolongs the lease of a row while `work` runs; a failure ends the lease. */
  async hold<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    this.#held.add(id);
    try {
      return await work();
    } catch (error) {
      await this.#rows.letGo(id).catch(() => undefined);
      throw error;
    } finally {
      this.#held.delete(id);
    }
  }

  /** Rows that another process left, now leased to this one. */
  async orphans(): Promise<readonly Row[]> {
    const rows = await this.#rows.takeOrphans(this.#lease);
    return rows.filter(({ id }) => !this.#held.has(id));
  }

  /**
   * Waits until the first request with a key has ended and answers its result. If the process of the first request has
   * died, takes over its row and completes it. null: the row no longer exists.
   * @throws AppError('reused', IDEMPOTENCY_KEY_REUSED) when the repeat asks something else
   * @throws AppError('unavailable', REQUEST_UNDER_WAY) after `waitMs`, or when the process stops
   */
  async follow<Result>(
    first: Row,
    { hash, waitMs, result, mayTakeOver = () => true, work }: Following<Row, Result>,
  ): Promise<Result | null> {
    if (first.hash !== hash) {
      throw new AppError(
        'reused',
        'IDEMPOTENCY_KEY_REUSED',
        'this Idempotency-Key was used before for a request with other content',
      );
    }
    const deadlineMs = performance.now() + waitMs;
    for (let row: Row | null = first; row !== null; row = await this.#rows.byId(first.id)) {
      const ended = result(row);
      if (ended !== null) return ended;
      const taken = mayTakeOver(row) && !this.#held.has(row.id) ? await this.#rows.takeOver(row.id, this.#lease) : null;
      if (taken !== null) return work(taken);
      if (this.#stopping.signal.aborted || performance.now() > deadlineMs) throw underWay();
      await delay(pollMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
    return null;
  }

  close(): void {
    this.#stopping.abort();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async #beat(): Promise<void> {
    if (this.#held.size > 0) await this.#rows.beat?.(this.#lease).catch(() => undefined);
  }
}

const underWay = (): AppError =>
  new AppError('unavailable', 'REQUEST_UNDER_WAY', 'the first request with this key is still under way');
