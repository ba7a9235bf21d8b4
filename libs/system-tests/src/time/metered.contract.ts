import { describe, expect, it } from '@jest/globals';

import { account, advance, day, hour, minute, nowMs, open, platform, spend } from './timed.ts';

/** Months of a metered account and usage that comes late (correctness 17, 18). */
export function meteredMonths(): void {
  describe('a metered month', () => {
    const crossings = (id: string): Promise<readonly object[]> =>
      platform.rows(
        `select to_char(c.period_start at time zone 'UTC', 'YYYY-MM') as month, c.block::int from ledger.crossings c
         join ledger.accounts a using (partition, account) where a.id = $1 order by c.period_start, c.block`,
        [id],
      );
    const month = (ms: number): string => new Date(ms).toISOString().slice(0, 7);
    /** To `seconds` after the start of the next month. */
    const intoNextMonth = async (seconds: number): Promise<void> => {
      const now = new Date(await nowMs());
      const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
      // The clock stands at a fraction of a second.
      await advance(Math.ceil((next - now.getTime()) / 1000) + seconds);
    };
    const report = (id: string, quantity: number, event: { readonly id: string; readonly time?: string }) =>
      platform.server.post<{ results: unknown[] }>(
        '/v1/events?wait=booked',
        {
          specversion: '1.0',
          source: '/months',
          type: 'request',
          subject: id,
          data: { quantity },
          ...event,
        },
        { 'content-type': 'application/cloudevents+json' },
      );

    it('crosses a tier at the first unit beyond a block, each once, and starts anew with the month', async () => {
      await intoNextMonth(day);
      await open('meter', 'metered', { plan: 'standard' });
      const first = month(await nowMs());
      await spend('meter', 8_000_000);
      expect(await crossings('meter')).toEqual([]);
      await spend('meter', 1);
      expect(await crossings('meter')).toEqual([{ month: first, block: 1 }]);
      await spend('meter', 16_999_999);
      expect(await account('meter')).toMatchObject({ used: '25000000' });
      expect(await crossings('meter')).toEqual([1, 2, 3].map((block) => ({ month: first, block })));

      await intoNextMonth(2 * hour);

      expect(await account('meter')).toMatchObject({ used: '0' });
      await spend('meter', 8_000_001);
      expect(await account('meter')).toMatchObject({ used: '8000001' });
      expect(await crossings('meter')).toEqual([
        ...[1, 2, 3].map((block) => ({ month: first, block })),
        { month: month(await nowMs()), block: 1 },
      ]);
    });

    it('takes its usage until an hour after its end; later than that it counts as late in the next one', async () => {
      await intoNextMonth(day);
      await open('late-meter', 'metered', { plan: 'standard' });
      await report('late-meter', 7_000_000, { id: 'on-time' });
      await intoNextMonth(30 * minute);
      const [endedMs, startedMs] = [(await nowMs()) - hour * 1000, await nowMs()];
      const time = new Date(endedMs).toISOString();

      const within = await report('late-meter', 1_000_001, { id: 'within-grace', time });
      expect(within.body.results).toMatchObject([
        { status: 'booked', entry: { period: `${month(endedMs)}-01T00:00:00.000Z` } },
      ]);
      expect(await crossings('late-meter')).toEqual([{ month: month(endedMs), block: 1 }]);
      expect(await account('late-meter')).toMatchObject({ used: '0' });

      await advance(31 * minute);
      const after = await report('late-meter', 5, { id: 'after-grace', time });
      expect(after.body.results).toMatchObject([
        { status: 'booked', entry: { late: true, period: `${month(startedMs)}-01T00:00:00.000Z` } },
      ]);
      expect(await account('late-meter')).toMatchObject({ used: '5' });
    });
  });
}
