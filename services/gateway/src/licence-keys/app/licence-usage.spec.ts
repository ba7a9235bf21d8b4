import { expect, it } from '@jest/globals';
import type { EntryView, LedgerQueries } from '@tollgate/contracts';

import { daysLeft, weekOfUse } from './licence-usage.ts';

// A Saturday.
const nowMs = Date.parse('2026-11-28T15:00:00Z');
const entry = (at: string, amount: string, kind = 'spent'): EntryView =>
  ({ kind, amount, occurred_at: at, recorded_at: at }) as EntryView;

function ledgerOf(entries: readonly EntryView[], asked: object[] = []): Pick<LedgerQueries, 'entries'> {
  return {
    entries: async (query) => {
      asked.push(query);
      const items = entries.filter(({ recorded_at: at }) => at >= (query.from ?? '') && at < (query.to ?? '9'));
      return { items, next: null };
    },
  };
}

it('counts the uses of seven days in UTC, oldest first, today last', async () => {
  const entries = [
    entry('2026-11-28T14:00:00.000Z', '-1'),
    entry('2026-11-28T00:00:00.000Z', '-1'),
    entry('2026-11-27T23:59:59.999Z', '-1'),
    entry('2026-11-22T00:00:00.000Z', '-1'),
    entry('2026-11-21T23:59:59.999Z', '-1'),
    entry('2026-11-25T10:00:00.000Z', '50', 'granted'),
  ];
  const asked: object[] = [];
  const week = await weekOfUse(ledgerOf(entries, asked), [{ account: 'licence:A', since: { seq: '4' } }], nowMs);
  expect(week).toEqual({
    perDay: [1, 0, 0, 0, 0, 1, 2],
    labels: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
    total: 4,
    average: 0.57,
  });
  expect(asked).toMatchObject([{ account: 'licence:A', from_seq: '4' }]);
  // 4 in seven days: 10 last 17.5 days.
  expect(daysLeft(10n, week)).toBe(17);
  expect(daysLeft(0n, week)).toBe(0);
});

it('has nothing to say of days that remain where nothing was used', async () => {
  const week = await weekOfUse(ledgerOf([]), [], nowMs);
  expect([week.total, week.average, daysLeft(5n, week)]).toEqual([0, 0, null]);
});
