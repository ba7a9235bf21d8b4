import type { Timer } from '../domain/entry.ts';
import { compareTimers } from '../domain/entry.ts';

/** Timers booked by one tick: a month's end with 100,000 resets must not stop a spend (rule 16). */
export const timersPerTick = 500;

/**
 * The timers of one partition in the order they are booked. Timers beyond the horizon stay in the books and are loaded
 * when they are nearly due. What a batch takes and adds can be undone together (rule 12).
 */
export class TimerQueue {
  #timers: Timer[] = [];
  #taken = 0;
  #added: Timer[] = [];
  /** Timers due later than this are not in memory; Infinity when all are. */
  horizonMs = -1;

  /** Adds timers loaded from the books, later than everything here. */
  load(timers: readonly Timer[], horizonMs: number): void {
    this.#timers.push(...timers);
    this.horizonMs = horizonMs;
  }

  add(timer: Timer): void {
    if (timer.dueMs > this.horizonMs) return;
    let low = this.#taken;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle];
      if (other && compareTimers(other, timer) <= 0) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    this.#added.push(timer);
  }

  /** The next timers due at or before a time, at most `limit`, without taking them. */
  peek(dueMs: number, limit: number): readonly Timer[] {
    const found: Timer[] = [];
    for (let index = this.#taken; index < this.#timers.length && found.length < limit; index++) {
      const timer = this.#timers[index];
      if (!timer || timer.dueMs > dueMs) break;
      found.push(timer);
    }
    return found;
  }

  take(count: number): void {
    this.#taken += count;
  }

  nextDueMs(): number {
    return this.#timers[this.#taken]?.dueMs ?? (this.horizonMs === Infinity ? Infinity : this.horizonMs);
  }

  get size(): number {
    return this.#timers.length - this.#taken;
  }

  keep(): void {
    if (this.#taken > 0) this.#timers.splice(0, this.#taken);
    this.#taken = 0;
    this.#added = [];
  }

  undo(): void {
    const added = new Set(this.#added);
    if (added.size > 0) this.#timers = this.#timers.filter((timer) => !added.has(timer));
    this.#taken = 0;
    this.#added = [];
  }
}
