import type { LimitRefusal } from '@tollgate/contracts';
import { LRUCache } from 'lru-cache';

/** A refusal that somebody waited for: an answer, not an entry. */
export type AnsweredRefusal = {
  readonly partition: number;
  readonly account: string;
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly code: string;
  readonly detail: string;
  /** The bound that refused, what was asked and what was available. */
  readonly bound: LimitRefusal | null;
  readonly correlation: string | null;
  readonly refusedMs: number;
};
/** `count`: how many it stands for; more than 1 where an account was refused more often than is kept one by one. */
export type RefusalToKeep = AnsweredRefusal & { readonly count: number };

export interface RefusalKeeper {
  insert(rows: readonly RefusalToKeep[]): Promise<void>;
  /** Removes all but the newest `most` of these accounts. */
  trim(accounts: readonly { readonly partition: number; readonly account: string }[], most: number): Promise<void>;
  /** Removes what is older, refusals that nobody waited for too. */
  removeBefore(ms: number): Promise<void>;
}

/** Refusals kept one by one per account and minute; further ones are counted. */
const wholeAMinute = 60;
const minuteMs = 60_000;
const flushMs = 500;
/** Upper bound on rows that wait for the database; beyond it refusals only count in the metric. */
const waitingMax = 10_000;
const accountsMax = 10_000;
/** Kept of each account. */
export const refusalsKept = 1_000;

type Recent = { startMs: number; kept: number; sinceTrim: number };

/**
 * Keeps answered refusals for operators, outside of the books: they decide nothing, and no request waits for them.
 * Those of the last half second are lost when the process is killed. Bounded: the newest 1,000 an account, at most 60 a
 * minute one by one and the others as counts.
 */
export class RefusalLog {
  readonly #keeper: RefusalKeeper;
  readonly #onFailure: (error: unknown) => void;
  readonly #recent = new LRUCache<string, Recent>({ max: accountsMax });
  #waiting: RefusalToKeep[] = [];
  /** Refusals beyond those kept one by one, by account and code. */
  #counted = new Map<string, RefusalToKeep>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(keeper: RefusalKeeper, onFailure: (error: unknown) => void) {
    this.#keeper = keeper;
    this.#onFailure = onFailure;
  }

  add(refusals: readonly AnsweredRefusal[]): void {
    for (const refusal of refusals) this.#add(refusal);
    if (refusals.length > 0) this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref();
  }

  #add(refusal: AnsweredRefusal): void {
    const key = `${refusal.partition} ${refusal.account}`;
    const recent = this.#recentOf(key, refusal.refusedMs);
    if (recent.kept < wholeAMinute && this.#waiting.length < waitingMax) {
      recent.kept++;
      this.#waiting.push({ ...refusal, count: 1 });
      return;
    }
    const group = `${key} ${refusal.code}`;
    const before = this.#counted.get(group);
    if (before || this.#counted.size < waitingMax)
      this.#counted.set(group, { ...refusal, count: (before?.count ?? 0) + 1 });
  }

  #recentOf(key: string, nowMs: number): Recent {
    const known = this.#recent.get(key);
    if (known && nowMs - known.startMs < minuteMs) return known;
    const recent = { startMs: nowMs, kept: 0, sinceTrim: known?.sinceTrim ?? 0 };
    this.#recent.set(key, recent);
    return recent;
  }

  /** Writes the waiting rows. If that fails they are dropped with a warning. */
  flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const rows = [...this.#waiting, ...this.#counted.values()];
    this.#waiting = [];
    this.#counted = new Map();
    if (rows.length > 0) this.#writing = this.#writing.then(() => this.#write(rows)).catch(this.#onFailure);
    return this.#writing;
  }

  async #write(rows: readonly RefusalToKeep[]): Promise<void> {
    await this.#keeper.insert(rows);
    const full: { partition: number; account: string }[] = [];
    for (const { partition, account } of rows) {
      const recent = this.#recent.get(`${partition} ${account}`);
      if (!recent || ++recent.sinceTrim < refusalsKept / 10) continue;
      recent.sinceTrim = 0;
      full.push({ partition, account });
    }
    if (full.length > 0) await this.#keeper.trim(full, refusalsKept);
  }
}
