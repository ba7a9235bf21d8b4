import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { FindAccounts } from '@tollgate/contracts';

import { LedgerHarness } from '../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start();
  const metered = (id: string, limit: string, unit = 'token') =>
    harness.ask('open', id, { kind: 'metered', unit, owner: 'ada', settings: { limit, period: 'calendar:month' } });
  await metered('just', '1000');
  await harness.ask('spend', 'just', { amount: '799' });
  await metered('held', '1000');
  await harness.ask('spend', 'held', { amount: '700' });
  await harness.ask('hold', 'held', { amount: '100', expires_in_ms: 3_600_000 });
  await metered('full', '3', 'page');
  await harness.ask('spend', 'full', { amount: '3' });
  await harness.ask('open', 'windows', {
    kind: 'wallet',
    unit: 'token',
    grant: '1000',
    settings: {
      limits: [
        { amount: '10', period: 'calendar:day' },
        { amount: '1000', period: 'calendar:month' },
      ],
    },
  });
  await harness.ask('spend', 'windows', { amount: '9' });
  await harness.ask('open', 'poor', { kind: 'wallet', unit: 'token', grant: '120' });
  await harness.ask('hold', 'poor', { amount: '21', expires_in_ms: 3_600_000 });
  await harness.ask('open', 'rich', { kind: 'wallet', unit: 'token', grant: '100' });
  await harness.ask('open', 'gone', { kind: 'wallet', unit: 'token' });
  await harness.ask('change', 'gone', { access: 'close' });
  await harness.ask('open', 'just/child', { kind: 'wallet', unit: 'token', grant: '5', owner: 'bob' });
});
afterAll(() => harness.stop());

const find = async (query: Partial<FindAccounts>): Promise<readonly string[]> =>
  (await harness.ledger.queries.accounts({ limit: 100, ...query })).items
    .map(({ id, nearest }) => `${id} ${nearest?.used_percent ?? '-'}`)
    .sort();

it('are found near a limit of their own, what is held counting as used, in the present period', async () => {
  expect(await find({ used_above_bp: 8_000 })).toEqual(['full 100.00', 'held 80.00', 'windows 90.00']);
  expect(await find({ used_above_bp: 8_001 })).toEqual(['full 100.00', 'windows 90.00']);
  expect(await find({ used_above_bp: 7_990 })).toEqual(['full 100.00', 'held 80.00', 'just 79.90', 'windows 90.00']);
  expect(await find({ used_above_bp: 8_000, unit: 'page' })).toEqual(['full 100.00']);
});

it('are found below a balance, without what is held, where they keep one and are not closed', async () => {
  expect(await find({ balance_below: '100' })).toEqual(['just/child -', 'poor -']);
  expect(await find({ balance_below: '101', unit: 'token' })).toEqual(['just/child -', 'poor -', 'rich -']);
  expect(await find({ balance_below: '101', unit: 'page' })).toEqual([]);
});

it('are found by present owner and below one account; pages lead through all and repeat none', async () => {
  expect(await find({ owner: 'ada' })).toEqual(['full 100.00', 'held 80.00', 'just 79.90']);
  expect(await find({ under: 'just' })).toEqual(['just 79.90', 'just/child -']);
  await harness.ask('change', 'full', { owner: 'bob' });
  expect(await find({ owner: 'ada' })).toEqual(['held 80.00', 'just 79.90']);
  expect(await find({ owner: 'bob' })).toEqual(['full 100.00', 'just/child -']);
  const seen: string[] = [];
  for (let after: string | null = null; ;) {
    const page: Awaited<ReturnType<LedgerHarness['ledger']['queries']['accounts']>> =
      await harness.ledger.queries.accounts({ limit: 2, ...(after === null ? {} : { after }) });
    seen.push(...page.items.map(({ id }) => id));
    if (page.next === null) break;
    after = page.next;
  }
  expect(seen.sort()).toEqual(['full', 'gone', 'held', 'just', 'just/child', 'poor', 'rich', 'windows']);
  await expect(harness.ledger.queries.accounts({ limit: 2, after: 'x' })).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
  });
});

// Guarantee: a look-up costs what it looks at: it goes by indexes and never through the entries.
it('are looked for by indexes', async () => {
  const { candidatesAll, candidatesLimited, candidatesOwned } = await import('./postgres/find-accounts.sql.ts');
  const values = (owner: readonly string[]) => [-1, 0, 500, null, null, '100', [0], ...owner];
  const client = await harness.admin.connect();
  try {
    await client.query('set enable_seqscan = off');
    for (const [sql, owner] of [
      [candidatesAll, []],
      [candidatesLimited, []],
      [candidatesOwned, ['ada']],
    ] as const) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values(owner));
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).not.toMatch(/Seq Scan on (entries|account_terms|accounts)/);
      expect(plan).toMatch(/using entries_account_order/);
      if (sql !== candidatesAll) expect(plan).toMatch(/account_terms_(limited|by_owner)/);
    }
  } finally {
    client.release(true);
  }
});

it('of a former period are near nothing in the next one', async () => {
  await harness.advance(11 * 86_400_000);
  expect(await find({ used_above_bp: 8_000 })).toEqual([]);
});

/** What entries of an account took, as a feed tells: `of before>after/whole @period`. */
async function takenOf(account: string): Promise<readonly string[]> {
  const { heads } = await harness.ledger.queries.bookedAfter({ after: [], limit: 1 });
  const { items } = await harness.ledger.queries.bookedAfter({
    after: heads.map(({ partition }) => ({ partition, seq: '0' })),
    limit: 2_000,
    taken: true,
  });
  return items
    .filter(({ entry }) => entry.account === account)
    .flatMap(({ taken = [] }) =>
      taken.map(({ of, before, after, whole, period_start: start, period, model }) =>
        [
          `${of} ${before}>${after}/${whole}`,
          ...[start?.slice(0, 10), period, model].filter((one) => one !== undefined),
        ].join(' '),
      ),
    );
}

it('are in a feed with what each entry took of limits, allowance and balance, holds included, a period', async () => {
  await harness.ask('open', 'm', {
    kind: 'metered',
    unit: 'u',
    settings: { limit: '100', period: 'calendar:month' },
  });
  await harness.ask('spend', 'm', { amount: '70' });
  const { hold } = await harness.ask('hold', 'm', { amount: '15', expires_in_ms: 3_600_000 });
  // What was held is used now: nothing more is taken.
  expect(await harness.ask('settle', 'm', { hold: hold!.hold_id, amount: '15' })).toMatchObject({
    outcome: 'booked',
  });
  await harness.ask('change', 'm', { settings: { limit: '90' } });
  await harness.ask('spend', 'm', { amount: '5' });
  await harness.advance(31 * 86_400_000);
  await harness.ask('spend', 'm', { amount: '80' });
  // 85 of 100 are 76.5 of 90, rounded up: the lower limit itself took the share from 85 to 94.
  expect(await takenOf('m')).toEqual([
    'limit 0>70/100 2026-12-01',
    'limit 70>85/100 2026-12-01',
    'limit 77>85/90 2026-12-01',
    'limit 85>90/90 2026-12-01',
    'limit 0>80/90 2027-01-01',
  ]);

  await harness.ask('open', 'p', {
    kind: 'wallet',
    unit: 'u',
    grant: '100',
    settings: {
      limits: [
        { amount: '50', period: 'calendar:day', model: 'm-1' },
        { amount: '200', period: 'calendar:day' },
      ],
    },
  });
  await harness.ask('spend', 'p', { amount: '60' });
  await harness.ask('hold', 'p', { amount: '30', expires_in_ms: 3_600_000 });
  await harness.ask('grant', 'p', { amount: '60' });
  await harness.ask('spend', 'p', { amount: '10' });
  const day = new Date(harness.clock.nowMs()).toISOString().slice(0, 10);
  expect(await takenOf('p')).toEqual([
    `limit 0>60/200 ${day} calendar:day`,
    'balance 0>60/100',
    `limit 60>90/200 ${day} calendar:day`,
    'balance 60>90/100',
    // The top-up leaves 100 of which 30 are held.
    `limit 90>100/200 ${day} calendar:day`,
    'balance 30>40/100',
  ]);

  await harness.ask('open', 'c', { kind: 'credits', unit: 'u', settings: { allowance: '5', period: 'P30D' } });
  await harness.ask('spend', 'c', { amount: '4' });
  expect((await takenOf('c')).at(-1)).toMatch(/^allowance 0>4\/5 \d{4}-/);
});

it('are told of as budgets, with what is used and held below them', async () => {
  await harness.ask('open', 'fam', {
    kind: 'metered',
    unit: 'u',
    settings: { limit: '100', period: 'calendar:month' },
  });
  await harness.ask('open', 'fam/a', { kind: 'wallet', unit: 'u', settings: { overdraft: 'unlimited' } });
  await harness.ask('spend', 'fam/a', { amount: '49' });
  await harness.ask('hold', 'fam/a', { amount: '41', expires_in_ms: 3_600_000 });
  const month = new Date(harness.clock.nowMs()).toISOString().slice(0, 7);
  expect(await takenOf('fam')).toEqual([`limit 0>49/100 ${month}-01`, `limit 49>90/100 ${month}-01`]);
});
