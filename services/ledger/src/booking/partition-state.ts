import { LRUCache } from 'lru-cache';

import type { Account } from '../domain/account/account.ts';
import type { Catalog } from '../domain/prices/catalog.ts';
import { emptyCatalog, withItem } from '../domain/prices/catalog.ts';
import type { ClaimedPartition, FirstAnswer, StoredPosition } from './ports.ts';
import { TimerQueue } from './timer-queue.ts';

/**
 * `account: null` means that there is no such account; only the partition's owner can open it, so that can be cached.
 */
export type AccountCache = {
  readonly accounts: LRUCache<string, { account: Account | null }>;
  readonly ids: LRUCache<string, string>;
};

/** Committed accounts of all partitions an instance owns, bounded by count. About 1 kB each. */
export const createAccountCache = (max: number): AccountCache => ({
  accounts: new LRUCache({ max }),
  ids: new LRUCache({ max }),
});

/**
 * Unbounded: keeps every account of one partition, for deciding its log again. A bound by count would be allocated at
 * once.
 */
export function createWholeAccountCache(): AccountCache {
  const whole = { maxSize: Number.MAX_SAFE_INTEGER, sizeCalculation: () => 1 };
  return { accounts: new LRUCache(whole), ids: new LRUCache(whole) };
}

/**
 * Recent answers of keyed requests, so that retries need no query. Bounded over all partitions by two generations, of
 * which the older is dropped when the younger is full: on the path of every request this costs far less than an LRU
 * list, which only repeated requests would profit from.
 */
export class RecentAnswers {
  readonly #generationMax: number;
  #young = new Map<string, FirstAnswer>();
  #old = new Map<string, FirstAnswer>();

  constructor(max: number) {
    this.#generationMax = Math.max(1, max >>> 1);
  }
  get(key: string): FirstAnswer | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }
  set(key: string, first: FirstAnswer): void {
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, first);
  }
}
export const createRecentAnswers = (max: number): RecentAnswers => new RecentAnswers(max);

/**
 * The committed state of one partition while this instance owns it. Dropped as a whole when ownership or the outcome of
 * a commit is in doubt.
 */
export class PartitionState {
  readonly partition: number;
  position: StoredPosition;
  catalog: Catalog;
  readonly timers = new TimerQueue();
  /** Offset up to which records were decided. It is ahead of the position when the last ones wrote nothing. */
  decidedOffset: number;
  decidedTimeMs: number;
  /** Timers up to this one were booked. It can be ahead of the position, like the offset. */
  decidedTimer: StoredPosition['timer'];
  /** Number of next batches that look up every id first, after a violation of the once-only constraint (rule 11). */
  lookFirst = 0;
  readonly #names: Map<string, number>;
  readonly #accounts: AccountCache;
  readonly #recent: RecentAnswers;
  readonly #prefix: string;

  constructor(claimed: ClaimedPartition, caches: { readonly accounts: AccountCache; readonly recent: RecentAnswers }) {
    const { position } = claimed;
    this.partition = position.partition;
    this.position = position;
    this.decidedOffset = position.nextOffset;
    this.decidedTimeMs = position.lastTimeMs;
    this.decidedTimer = position.timer;
    this.#names = new Map(claimed.names);
    this.#accounts = caches.accounts;
    this.#recent = caches.recent;
    // The epoch is part of every cache key, so that nothing cached by an earlier ownership is found.
    this.#prefix = `${position.partition}.${position.epoch}.${++generation}:`;
    let catalog = emptyCatalog;
    for (const { item, bookedMs } of claimed.items) catalog = withItem(catalog, item, bookedMs);
    this.catalog = catalog;
  }

  /** undefined: not in memory; null: there is no such account. */
  account(id: string): Account | null | undefined {
    return this.#accounts.accounts.get(this.#prefix + id)?.account;
  }
  keepAccount(id: string, account: Account | null): void {
    const key = this.#prefix + id;
    const kept = this.#accounts.accounts.peek(key);
    if (kept?.account) {
      kept.account = account;
      return;
    }
    this.#accounts.accounts.set(key, { account });
    if (!account) return;
    const byRef = this.#prefix + String(account.ref);
    if (!this.#accounts.ids.has(byRef)) this.#accounts.ids.set(byRef, id);
  }
  idOf(ref: number): string | undefined {
    return this.#accounts.ids.get(this.#prefix + String(ref));
  }

  recent(identity: string): FirstAnswer | undefined {
    return this.#recent.get(this.#prefix + identity);
  }
  keepRecent(identity: string, first: FirstAnswer): void {
    this.#recent.set(this.#prefix + identity, first);
  }

  name(text: string): number | undefined {
    return this.#names.get(text);
  }
  keepName(text: string, name: number): void {
    this.#names.set(text, name);
  }
}

let generation = 0;
