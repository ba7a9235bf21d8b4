import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { FindAccounts } from '@tollgate/contracts';
import { LedgerHarness } from './testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start();
  const metered = (id: string, limit: string, unit = 'token') => harness.ask('open', id, { kind: 'metered', unit, owner: 'ada', settings: { limit, period: 'calendar:month' } });
  await metered('just', '1000');
  await harness.ask('spend', 'just', { amount: '799' });
  await metered('held', '1000');
  await harness.ask('spend', 'held', { amount: '700' });
  await harness.ask('hold', 'held', { amount: '100', expires_in_ms: 3_600_000 });
  await metered('full', '3', 'page');
  await harness.ask('spend', 'full', { amount: '3' });
  await harness.ask('open', 'windows', { kind: 'wallet', unit: 'token', grant: '1000', settings: { limits: [{ amount: '10', period: 'calendar:day' }, { amount: '1000', period: 'calendar:month' }] } });
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
  (await harness.ledger.queries.accounts({ limit: 100, ...query })).items.map(({ id, nearest }) => `${id} ${nearest?.used_percent ?? '-'}`).sort();

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

it('are found by their present owner and below one account, and pages lead through all without repeating any', async () => {
  expect(await find({ owner: 'ada' })).toEqual(['full 100.00', 'held 80.00', 'just 79.90']);
  expect(await find({ under: 'just' })).toEqual(['just 79.90', 'just/child -']);
  await harness.ask('change', 'full', { owner: 'bob' });
  expect(await find({ owner: 'ada' })).toEqual(['held 80.00', 'just 79.90']);
  expect(await find({ owner: 'bob' })).toEqual(['full 100.00', 'just/child -']);
  const seen: string[] = [];
  for (let after: string | null = null; ;) {
    const page: Awaited<ReturnType<LedgerHarness['ledger']['queries']['accounts']>> = await harness.ledger.queries.accounts({ limit: 2, ...(after === null ? {} : { after }) });
    seen.push(...page.items.map(({ id }) => id));
    if (page.next === null) break;
    after = page.next;
  }
  expect(seen.sort()).toEqual(['full', 'gone', 'held', 'just', 'just/child', 'poor', 'rich', 'windows']);
  await expect(harness.ledger.queries.accounts({ limit: 2, after: 'x' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});

// Guarantee: a look-up costs what it looks at: it goes by indexes and never through the entries.
it('are looked for by indexes', async () => {
  const { candidatesAll, candidatesLimited, candidatesOwned } = await import('./adapters/postgres/sql/find-accounts.sql.ts');
  const values = (owner: readonly string[]) => [-1, 0, 500, null, null, '100', [0], ...owner];
  const client = await harness.admin.connect();
  try {
    await client.query('set enable_seqscan = off');
    for (const [sql, owner] of [[candidatesAll, []], [candidatesLimited, []], [candidatesOwned, ['ada']]] as const) {
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
