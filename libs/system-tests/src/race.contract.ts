import { describe, expect, it } from '@jest/globals';

import { openWallet } from './harness/load.ts';
import type { Platform } from './harness/platform.ts';

/** Check-and-deduct is one decision for all callers (surfaces §0.7). */
export function racesForLastUnits(platform: () => Platform): void {
  describe('the last units', () => {
    // Guarantee: racing clients never spend one unit twice, and none is left over.
    it('go to exactly as many of 64 racing clients as there are units', async () => {
      const { server } = platform();
      await openWallet(server, 'race', '100');

      const outcomes = await Promise.all(
        Array.from({ length: 64 }, async () => {
          const statuses: number[] = [];
          do statuses.push((await server.post('/v1/accounts/race/spend', { amount: '1' })).status);
          while (statuses.at(-1) === 200);
          return statuses;
        }),
      );

      const statuses = outcomes.flat();
      expect(statuses.filter((status) => status === 200)).toHaveLength(100);
      expect(statuses.filter((status) => status === 402)).toHaveLength(64);
      expect(statuses).toHaveLength(164);
      expect((await server.get('/v1/accounts/race')).body).toMatchObject({ balance: '0', available: '0', held: '0' });
    });
  });
}
