import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import { LRUCache } from 'lru-cache';

/** Questions of one address about keys that do not exist, in the window; and questions at all, in a minute. */
const missesMax = 20;
const missWindowMs = 15 * 60_000;
const askedMax = 300;
const askedWindowMs = 60_000;
/** Addresses, and users by address, remembered; those seen longest ago go first. */
const addressesMax = 50_000;

/** Of one user from one address, who asks with a login: for keys that do not exist, in the window. */
const userMissesMax = 100;

/** When what was asked for was not there, when anything was asked for, and what is being looked up. */
type Seen = { readonly misses: number[]; readonly asked: number[]; readonly open: Set<Promise<unknown>> };

/**
 * Keeps keys from being guessed: an address that asks for too many that do not exist has to wait, whatever it asks for
 * next. In this process alone, by the real clock.
 */
export class GuessLimit {
  private readonly clock: Clock;
  private readonly seen = new LRUCache<string, Seen>({ max: addressesMax });

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * Looks something up for an address. What is not there counts as a guess; while as many as would be too many are
   * being looked up, further ones wait for them. @throws AppError('refused', RATE_LIMITED)
   */
  async lookUp<T>(address: string, find: () => Promise<T | null>): Promise<T | null> {
    const seen = this.of(address);
    this.refuseMisses(seen, missesMax);
    forget(seen.asked, this.clock.nowMs() - askedWindowMs);
    refuseBeyond(seen.asked, { max: askedMax, windowMs: askedWindowMs, nowMs: this.clock.nowMs() });
    seen.asked.push(this.clock.nowMs());
    while (seen.open.size > 0 && seen.misses.length + seen.open.size >= missesMax) await Promise.race(seen.open);
    this.refuseMisses(seen, missesMax);
    const finding = find().then((found) => {
      if (found === null) seen.misses.push(this.clock.nowMs());
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
   * Answers a user who names a key. A key that does not exist counts as a guess. @throws AppError('refused',
   * RATE_LIMITED) after too many.
   */
  async answerUser<T>(
    { address, userId }: { readonly address: string; readonly userId: string },
    answer: () => Promise<T>,
  ): Promise<T> {
    const seen = this.of(`${address} ${userId}`);
    this.refuseMisses(seen, userMissesMax);
    try {
      return await answer();
    } catch (error) {
      if (error instanceof AppError && error.code === 'KEY_UNKNOWN') seen.misses.push(this.clock.nowMs());
      throw error;
    }
  }

  private refuseMisses(seen: Seen, max: number): void {
    const nowMs = this.clock.nowMs();
    forget(seen.misses, nowMs - missWindowMs);
    refuseBeyond(seen.misses, { max, windowMs: missWindowMs, nowMs });
  }

  private of(address: string): Seen {
    const seen = this.seen.get(address) ?? { misses: [], asked: [], open: new Set() };
    this.seen.set(address, seen);
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
