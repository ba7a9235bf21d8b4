import { expect, it } from '@jest/globals';

import { doublingMs } from './doubling.ts';

it('waits longer after each failure, up to a bound, for ever', () => {
  const waits = { firstMs: 50, maxMs: 1_000 };
  expect([0, 1, 2, 4, 5, 6, 1_000].map((failures) => doublingMs(waits, failures))).toEqual([
    50, 100, 200, 800, 1_000, 1_000, 1_000,
  ]);
});
