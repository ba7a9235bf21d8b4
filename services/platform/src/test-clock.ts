import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Clock } from '@tollgate/kernel';

import { writeDurably } from './durable-file.ts';

export type TestClock = Clock & {
  /** Moves time on by `ms` ≥ 0; the new time is on disk when it returns. */
  advanceMs(ms: number): void;
};

/** A clock that stands where it is told to (running.md §4): kept in the data folder across kills, forward only. */
export function openTestClock(dataDir: string): TestClock {
  const file = join(dataDir, 'test-clock');
  let now = readTime(file) ?? Date.now();
  const keep = (): void => writeDurably(file, String(now));
  keep();
  return {
    nowMs: () => now,
    advanceMs: (ms) => {
      if (!Number.isSafeInteger(ms) || ms < 0 || !Number.isSafeInteger(now + ms))
        throw new RangeError('the test clock goes forward by whole milliseconds');
      now += ms;
      keep();
    },
  };
}

function readTime(file: string): number | undefined {
  try {
    const kept = Number(readFileSync(file, 'utf8'));
    if (Number.isSafeInteger(kept) && kept > 0) return kept;
    throw new Error(`${file} does not hold a time`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
