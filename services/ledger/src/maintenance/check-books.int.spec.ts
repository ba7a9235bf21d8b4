import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { topics } from '@tollgate/contracts';
import { waitFor } from '@tollgate/testing';

import { checkBooks, verifyChain } from '../index.ts';
import { LedgerHarness } from '../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start();
});
afterAll(() => harness.stop());

const check = () =>
  checkBooks({
    databaseUrl: harness.url,
    readLog: async (partition, to) => ({
      start: 0,
      batches: harness.log.read({ topic: topics.usageEvents, partition, from: 0, to }),
    }),
  });

it('finds no drift after every kind of request, live and decided again', async () => {
  for (let index = 0; index < 8; index++) {
    const id = `fam${index}`;
    await harness.ask('open', id, {
      kind: 'metered',
      unit: 'u',
      settings: { limit: '1000', limits: [{ amount: '5000', period: 'P30D' }] },
    });
    await harness.ask('open', `${id}/w`, { kind: 'wallet', unit: 'u', grant: '100', settings: { overdraft: '10' } });
    await harness.ask('grant', `${id}/w`, { amount: '50', priority: 1, expires_at: '2026-11-21T12:00:00Z' });
    const spent = await harness.ask(
      'spend',
      `${id}/w`,
      { amount: '70' },
      { id: 'k', keyed: true, hash: 'c'.repeat(32), details: { salt: '1'.repeat(32), metadata: { a: 1 } } },
    );
    await harness.ask('spend', `${id}/w`, { amount: '70' }, { id: 'k', keyed: true, hash: 'c'.repeat(32) });
    const partition = Number(spent.entry!.id.split('-')[0]);
    await harness.ask('correct', '', { entry: spent.entry!.id, amount: '5' }, {}, partition);
    await harness.ask('correct', '', { entry: spent.entry!.id, amount: '6' }, {}, partition);
    const { hold } = await harness.ask('hold', `${id}/w`, { amount: '20', expires_in_ms: 60_000 });
    await harness.ask('hold', `${id}/w`, { amount: '20', expires_in_ms: 60_000 });
    await harness.ask('settle', '', { hold: hold!.hold_id, amount: '5' }, {}, partition);
    await harness.ask('open', `${id}/c`, {
      kind: 'credits',
      unit: 'c',
      settings: { allowance: '10', period: 'PT1H', detached: true },
    });
    await harness.ask('spend', `${id}/c`, { amount: '4' });
  }
  await harness.advance(3 * 3_600_000);
  const report = await check();
  expect(report.drifts).toEqual([]);
  expect(report).toMatchObject({ trialBalance: '0', accounts: 24 });
  expect(report.records).toBeGreaterThan(80);
});

// Guarantee: a limit, an owner or an entry that was changed directly in the database is detected (rules 14, 28 and 29).
it.each([
  [
    'an overdraft',
    'account_terms',
    `settings = settings || '{"overdraft":"unlimited"}'`,
    `settings ->> 'overdraft' = '10'`,
    'rebuild',
  ],
  ['an owner', 'account_terms', `owner = 'somebody'`, 'true', 'rebuild'],
  ['the time of a fetched limit', 'account_terms', `limit_fetched_at = '2030-01-01'`, 'true', 'rebuild'],
  ['what a limit counted', 'limit_counts', `counts = jsonb_set(counts, '{0,2}', '"0"')`, 'true', 'rebuild'],
  ['what a period counted', 'counters', 'used_before = used_before + 1', 'true', 'rebuild'],
  [
    'the words beside an entry and what they are hashed to',
    'details',
    `content = '{"metadata":{"a":2}}', commitment = sha256(salt || convert_to('{"metadata":{"a":2}}', 'UTF8'))`,
    'salt is not null',
    'seals',
  ],
  ['the words beside an entry', 'details', `content = '{"metadata":{"a":2}}'`, 'salt is not null', 'seals'],
] as const)('finds that somebody changed %s', async (_, table, change, where, found) => {
  const problems = async () => (await verifyChain({ databaseUrl: harness.url })).flatMap((report) => report.problems);
  const [drifts, problemsBefore] = [(await check()).drifts, await problems()];
  expect([drifts, problemsBefore]).toEqual([[], []]);
  await harness.admin
    .query(`create table kept as table ledger.${table}; alter table ledger.${table} disable trigger user;
    update ledger.${table} set ${change} where ${where}`);
  expect(found === 'rebuild' ? (await check()).drifts : await problems()).not.toEqual([]);
  await harness.admin.query(
    `delete from ledger.${table}; insert into ledger.${table} select * from kept; drop table kept`,
  );
});

// Guarantee: a row changed behind the platform's back is found (rule 28).
it('finds a changed, a missing and an inserted row', async () => {
  const sealed = async () =>
    (await verifyChain({ databaseUrl: harness.url })).reduce((sum, { unsealed }) => sum + unsealed, 0) === 0;
  await waitFor('every entry to be sealed', sealed);
  const problems = async () => (await verifyChain({ databaseUrl: harness.url })).flatMap((report) => report.problems);
  expect(await problems()).toEqual([]);
  const tamper = async (sql: string): Promise<void> => {
    await harness.admin.query(
      `alter table ledger.entries disable trigger user; ${sql}; alter table ledger.entries enable always trigger
        entries_append_only`,
    );
  };
  const [victim] = await harness.rows<{ partition: number; partition_seq: string; amount: string }>(
    'select partition, partition_seq, amount from ledger.entries where kind = 4 order by 1, 2 limit 1',
  );
  const where = `partition = ${victim!.partition} and partition_seq = ${victim!.partition_seq}`;
  await tamper(`update ledger.entries set amount = amount - 1 where ${where}`);
  expect(await problems()).toEqual([
    expect.objectContaining({ partition: victim!.partition, problem: expect.stringContaining('was changed') }),
  ]);
  expect((await check()).drifts).not.toEqual([]);
  await tamper(`update ledger.entries set amount = ${victim!.amount} where ${where}`);
  expect(await problems()).toEqual([]);
  await tamper(`delete from ledger.entries where ${where}`);
  expect(await problems()).toEqual([expect.objectContaining({ problem: expect.stringContaining('are missing') })]);
});
