import type { Clock } from '@tollgate/kernel';

/** A clock that stands until it is told to move; it may be set back on purpose. */
export type FakeClock = Clock & { advance(ms: number): void; set(ms: number): void };

/** Starts at `startMs`, by default 2026-01-01T00:00:00Z. */
export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  return {
    nowMs: () => now,
    advance: (ms) => {
      now += ms;
    },
    set: (ms) => {
      now = ms;
    },
  };
}
