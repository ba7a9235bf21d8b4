import { AppError } from '@tollgate/kernel';
import type { Clock } from '@tollgate/kernel';

/** Questions of one address about keys that do not exist, in the window; and questions at all, in a minute. */
const missesMax = 20;
const missWindowMs = 15 * 60_000;
const askedMax = 300;
const askedWindowMs = 60_000;
/** Addresses remembered; those seen longest ago go first. */
const addressesMax = 50_000;

type Seen = { readonly misses: number[]; readonly asked: number[] };

/**
 * Keeps keys from being guessed: an address that asks for too many that do not exist has to wait, whatever it asks for next. In this process
 * alone, by the real clock.
 */
export class GuessLimit {
  private readonly clock: Clock;
  private readonly seen = new Map<string, Seen>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * Looks something up for an address. What is not there counts as a guess; so does what is still being looked up, or parallel guesses would
   * not count. @throws AppError('refused', RATE_LIMITED)
   */
  async lookUp<T>(address: string, find: () => Promise<T | null>): Promise<T | null> {
    const nowMs = this.clock.nowMs();
    const seen = this.of(address);
    forget(seen.misses, nowMs - missWindowMs);
    forget(seen.asked, nowMs - askedWindowMs);
    refuseBeyond(seen.misses, { max: missesMax, windowMs: missWindowMs, nowMs });
    refuseBeyond(seen.asked, { max: askedMax, windowMs: askedWindowMs, nowMs });
    seen.asked.push(nowMs);
    seen.misses.push(nowMs);
    const found = await find();
    const noted = found === null ? -1 : seen.misses.indexOf(nowMs);
    if (noted !== -1) seen.misses.splice(noted, 1);
    return found;
  }

  private of(address: string): Seen {
    const seen = this.seen.get(address) ?? { misses: [], asked: [] };
    this.seen.delete(address);
    this.seen.set(address, seen);
    if (this.seen.size > addressesMax) {
      const oldest = this.seen.keys().next();
      if (!oldest.done) this.seen.delete(oldest.value);
    }
    return seen;
  }
}

function forget(times: number[], beforeMs: number): void {
  const first = times.findIndex((time) => time > beforeMs);
  times.splice(0, first === -1 ? times.length : first);
}

function refuseBeyond(times: readonly number[], { max, windowMs, nowMs }: { max: number; windowMs: number; nowMs: number }): void {
  const oldest = times[times.length - max];
  if (oldest === undefined) return;
  const retryAfterS = Math.max(1, Math.ceil((oldest + windowMs - nowMs) / 1_000));
  throw new AppError('refused', 'RATE_LIMITED', 'Too many license keys were asked for. Try again later', { retry_after_s: retryAfterS });
}
