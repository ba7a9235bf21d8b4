import { expect, it } from '@jest/globals';

import { refreshDueMs } from './schedule.ts';

it('refreshes 15 minutes after a fetch, 10 % sooner or later', () => {
  expect([0, 0.5, 1].map((random) => refreshDueMs(1_000, random))).toEqual([811_000, 901_000, 991_000]);
});
