import { describe, expect, it } from '@jest/globals';

import { loginWaitMs } from './login-delay.ts';

const minute = 60_000;
/** So many failures a second apart, the last one now, newest first. */
const burst = (count: number, nowMs: number): number[] =>
  Array.from({ length: count }, (_, index) => nowMs - index * 1_000);

describe('the wait after failed logins', () => {
  it('begins with the tenth failure in 15 minutes and ends when the first of them is 15 minutes old', () => {
    expect(loginWaitMs([], 0)).toBe(0);
    expect(loginWaitMs(burst(9, 0), 0)).toBe(0);
    // The tenth last was 9 s ago.
    expect(loginWaitMs(burst(10, 0), 0)).toBe(15 * minute - 9_000);
    expect(loginWaitMs(burst(10, 0), 15 * minute - 9_001)).toBe(1);
    expect(loginWaitMs(burst(10, 0), 15 * minute - 9_000)).toBe(0);
  });

  it('grows for one that goes on: an hour after twenty, six hours after forty, a day after eighty', () => {
    expect(loginWaitMs(burst(20, 0), 0)).toBe(60 * minute - 19_000);
    expect(loginWaitMs(burst(40, 0), 0)).toBe(360 * minute - 39_000);
    expect(loginWaitMs(burst(80, 0), 0)).toBe(1_440 * minute - 79_000);
  });

  it('does not come from single mistakes over the day', () => {
    const hourly = Array.from({ length: 19 }, (_, index) => -index * 60 * minute);
    expect(loginWaitMs(hourly, 0)).toBe(0);
  });
});
