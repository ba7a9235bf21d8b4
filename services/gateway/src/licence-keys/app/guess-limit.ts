import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import { LRUCache } from 'lru-cache';

/** Limits per address: look-ups of unknown keys in a window, and look-ups at all in a minute. */
const missesMax = 20;
const missWindowMs = 15 * 60_000;
const askedMax = 300;
const askedWindowMs = 60_000;
/** Number of addresses, and of users per address, that are tracked. The least recently seen are dropped. */
const addressesMax = 50_000;

/** Limit of look-ups of unknown keys for a logged-in user from one address. */
const userMissesMax = 100;

/** Times of misses, times of all look-ups, and look-ups in flight. */
type Seen = { readonly misses: number[]; readonly asked: number[]; readonly open: Set<Promise<unknown>> };

/**
 * Prevents guessing of keys: an address that asked for too many unknown keys has to wait, even for known ones. Per
 * process, by the real clock.
 */
export class GuessLimit {
  readonly #clock: Clock;
  readonly #seen = new LRUCache<string, Seen>({ max: addressesMax });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Looks a key up for an address. A miss counts as a guess. While the look-ups in flight could exceed the limit,
   * further ones wait for them.
   * @throws AppError('refused', RATE_LIMITED)
   */
  async lookUp<T>(address: string, find: () => Promise<T | null>): Promise<T | null> {
    const seen = this.#of(address);
    this.#refuseMisses(seen, missesMax);
    forget(seen.asked, this.#clock.nowMs() - askedWindowMs);
    refuseBeyond(seen.asked, { max: askedMax, windowMs: askedWindowMs, nowMs: this.#clock.nowMs() });
    seen.asked.push(this.#clock.nowMs());
    while (seen.open.size > 0 && seen.misses.length + seen.open.size >= missesMax) await Promise.race(seen.open);
    this.#refuseMisses(seen, missesMax);
    const finding = find().then((found) => {
      if (found === null) seen.misses.push(this.#clock.nowMs());
      return found;
    });
    const settled = finding
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => void seen.open.delete(settled));
    seen.open.add(settled);
    return finding;
  }

  /**
   * Answers a user who names a key. An unknown key counts as a guess.
   * @throws AppError('refused', RATE_LIMITED) after too many.
   */
  async answerUser<T>(
    { address, userId }: { readonly address: string; readonly userId: string },
    answer: () => Promise<T>,
  ): Promise<T> {
    const seen = this.#of(`${address} ${userId}`);
    this.#refuseMisses(seen, userMissesMax);
    try {
      return await answer();
    } catch (error) {
      if (error instanceof AppError && error.code === 'KEY_UNKNOWN') seen.misses.push(this.#clock.nowMs());
      throw error;
    }
  }

  #refuseMisses(seen: Seen, max: number): void {
    const nowMs = this.#clock.nowMs();
    forget(seen.misses, nowMs - missWindowMs);
    refuseBeyond(seen.misses, { max, windowMs: missWindowMs, nowMs });
  }

  #of(address: string): Seen {
    const seen = this.#seen.get(address) ?? { misses: [], asked: [], open: new Set() };
    this.#seen.set(address, seen);
    return seen;
  }
}

function forget(times: number[], beforeMs: number): void {
  const first = times.findIndex((time) => time > beforeMs);
  times.splice(0, first === -1 ? times.length : first);
}

function refuseBeyond(
  times: readonly number[],
  { max, windowMs, nowMs }: { max: number; windowMs: number; nowMs: number },
): void {
  const oldest = times[times.length - max];
  if (oldest === undefined) return;
  const retryAfterS = Math.max(1, Math.ceil((oldest + windowMs - nowMs) / 1_000));
  throw new AppError('refused', 'RATE_LIMITED', 'Too many license keys were asked for. Try again later', {
    retry_after_s: retryAfterS,
  });
}
