/**
 * Allowed failures per window, for one account from one address (surfaces §0.10). The longer windows make the delays
 * grow for a persistent attacker.
 */
const minuteMs = 60_000;
export const failureLimits = [
  { failures: 10, windowMs: 15 * minuteMs },
  { failures: 20, windowMs: 60 * minuteMs },
  { failures: 40, windowMs: 6 * 60 * minuteMs },
  { failures: 80, windowMs: 24 * 60 * minuteMs },
] as const;

/** Older or further failures do not change the result. */
export const failuresKept = 80;
export const failuresKeptMs = 24 * 60 * minuteMs;

/** How long the next attempt must wait; 0: not at all. `failures`: times of failures, newest first. */
export function loginWaitMs(failures: readonly number[], nowMs: number): number {
  const waits = failureLimits.map(({ failures: most, windowMs }) => {
    const oldest = failures[most - 1];
    return oldest === undefined ? 0 : oldest + windowMs - nowMs;
  });
  return Math.max(0, ...waits);
}
