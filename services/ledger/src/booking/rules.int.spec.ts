import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromWireEntryBooked, fromWirePartitionSealed, fromWireTierCrossed, topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import { roleUrl } from '@tollgate/persistence';
import { waitFor } from '@tollgate/testing';
import pg from 'pg';

import { checkBooks, ledgerSchema, verifyChain } from '../index.ts';
import { ledgerDatabase, LedgerHarness, partitions } from '../testing/ledger-harness.ts';

/** Rules of correctness.md that need the books and the log together; the number is the rule's. */
let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start({ publishEntries: true });
});
afterAll(() => harness.stop());

const view = (id: string) => harness.ledger.queries.account({ id });
const logOf = async (topic: string, partition: number): Promise<readonly Record<string, unknown>[]> => {
  const values: Record<string, unknown>[] = [];
  for await (const records of harness.log.read({ topic, partition, from: 0 })) {
    for (const { value } of records) values.push(JSON.parse(value) as Record<string, unknown>);
  }
  return values;
};
const withoutTriggers = async (table: string, sql: string): Promise<void> => {
  await harness.admin.query(
    `alter table ledger.${table} disable trigger user; ${sql}; alter table ledger.${table} enable always trigger
      ${table}_append_only`,
  );
};

// Guarantee: a balance that could still be rolled back is never shown or answered.
it('shows and answers nothing before it is committed (rules 10 and 12)', async () => {
  await harness.ask('open', 'unseen', { kind: 'wallet', unit: 'u', grant: '10' });
  const blocker = new pg.Client({ connectionString: harness.database.url });
  await blocker.connect();
  await blocker.query('begin; lock table ledger.entries in exclusive mode');
  let answered = false;
  const spending = harness.ask('spend', 'unseen', { amount: '4' }).then((answer) => {
    answered = true;
    return answer;
  });
  await waitFor(
    'the commit to wait for the lock',
    async () =>
      (
        await harness.rows(
          `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%ledger.positions%'`,
        )
      ).length > 0,
  );
  expect(await view('unseen')).toMatchObject({ balance: '10' });
  expect(answered).toBe(false);
  await blocker.query('commit');
  await blocker.end();
  expect(await spending).toMatchObject({ outcome: 'booked', available: '6' });
  expect(await view('unseen')).toMatchObject({ balance: '6' });
});

it('freezes an account whose parts do not add up when it is loaded (rule 15)', async () => {
  await harness.ask('open', 'frozen', { kind: 'wallet', unit: 'u', grant: '10' });
  await harness.ask('grant', 'frozen', { amount: '5', priority: 1 });
  await harness.ledger.stop();
  const which = `account = (select account from ledger.accounts
    where id = 'frozen') and partition = ${partitionOf('frozen', partitions)} and granted = 10`;
  await withoutTriggers('lots', `update ledger.lots set "left" = "left" + 1 where ${which}`);
  await harness.startLedger({ publishEntries: true });
  expect(await harness.ask('spend', 'frozen', { amount: '1' })).toMatchObject({
    outcome: 'refused',
    problem: { code: 'ACCOUNT_FROZEN' },
  });
  expect(await view('frozen')).toMatchObject({ status: 'frozen' });
  await harness.ledger.stop();
  await withoutTriggers('lots', `update ledger.lots set "left" = "left" - 1 where ${which}`);
  await harness.startLedger({ publishEntries: true });
  expect(await harness.ask('spend', 'frozen', { amount: '1' })).toMatchObject({ outcome: 'booked' });
});

// Guarantee: a month's end with many resets does not stop a spend.
it('books what is due in portions, each account once, spends in between (rule 16)', async () => {
  const opening = (index: number) =>
    harness.record('open', `due${index}`, { kind: 'credits', unit: 'c', settings: { allowance: '5', period: 'P1D' } });
  await harness.log.append(Array.from({ length: 3_000 }, (_, index) => opening(index)));
  await harness.ask('open', 'between', { kind: 'wallet', unit: 'u', grant: '10' });
  await waitFor(
    'all to be opened',
    async () => (await harness.rows(`select 1 from ledger.accounts where id like 'due%'`)).length === 3_000,
  );
  const advancing = harness.advance(86_400_000);
  expect(await harness.ask('spend', 'between', { amount: '1' })).toMatchObject({ outcome: 'booked' });
  await advancing;
  const [resets] = await harness.rows<{
    all: string;
    once: string;
    most: string;
  }>(`select count(*) as all, count(distinct (partition, account)) as once,
    (select max(n) from (select count(*) n from ledger.entries where kind = 11 group by partition, log_offset) x)
      as most from ledger.entries where kind = 11`);
  expect(resets).toMatchObject({ all: '3000', once: '3000' });
  expect(Number(resets!.most)).toBeLessThanOrEqual(500);
});

it('settles a hold on the budgets it was booked on; a parent opened later counts from then (rule 20)', async () => {
  await harness.ask('open', 'late/child', { kind: 'wallet', unit: 'u', grant: '100' });
  const { hold } = await harness.ask('hold', 'late/child', { amount: '40', expires_in_ms: 3_600_000 });
  await harness.ask('open', 'late', { kind: 'metered', unit: 'u', settings: { limit: '50' } });
  await harness.ask('settle', '', { hold: hold!.hold_id, amount: '30' }, {}, partitionOf('late', partitions));
  expect(await view('late')).toMatchObject({ used: '0', held: '0' });
  await harness.ask('spend', 'late/child', { amount: '20' });
  expect(await view('late')).toMatchObject({ used: '20', held: '0' });
});

it('ignores the older of two fetched limits (rule 21)', async () => {
  await harness.ask('open', 'limited', { kind: 'quota', unit: 'B' });
  await harness.ask('limit', 'limited', { limit: '100', fetched_at: '2026-11-21T10:00:10Z' });
  expect(await harness.ask('limit', 'limited', { limit: '7', fetched_at: '2026-11-21T10:00:05Z' })).toMatchObject({
    outcome: 'unchanged',
  });
  expect(await view('limited')).toMatchObject({ available: '100' });
  expect(await harness.ask('limit', 'limited', { limit: '7', fetched_at: '2026-11-21T10:00:15Z' })).toMatchObject({
    outcome: 'booked',
    available: '7',
  });
  // Guarantee: what an older fetch brings late never undoes a newer one that found no change.
  expect(await harness.ask('limit', 'limited', { limit: '7', fetched_at: '2026-11-21T10:00:25Z' })).toMatchObject({
    available: '7',
  });
  expect(await harness.ask('limit', 'limited', { limit: '100', fetched_at: '2026-11-21T10:00:20Z' })).toMatchObject({
    outcome: 'unchanged',
    available: '7',
  });
});

// Guarantee: a monthly reset by the owner of the limit counts once, says how much it gave back, and stands after a
// restart.
it('lowers what a quota account has used in one decision, and on no other kind', async () => {
  await harness.ask('open', 'reset', { kind: 'quota', unit: 'B' });
  await harness.ask('limit', 'reset', { limit: '100', fetched_at: '2026-11-21T10:00:10Z' });
  await harness.ask('spend', 'reset', { amount: '60' });
  const once = { id: 'reset-1', keyed: true, hash: '0'.repeat(32) };
  expect(await harness.ask('change', 'reset', { used: '0' }, once)).toMatchObject({
    outcome: 'booked',
    entry: { amount: '60', used_after: '0' },
    available: '100',
  });
  await harness.ask('spend', 'reset', { amount: '30' });
  expect(await harness.ask('change', 'reset', { used: '0' }, once)).toMatchObject({
    replayed: true,
    entry: { amount: '60' },
  });
  await harness.ledger.stop();
  await harness.startLedger({ publishEntries: true });
  expect(await view('reset')).toMatchObject({ used: '30', available: '70', balance: '-30' });
  await harness.ask('open', 'no-reset', { kind: 'wallet', unit: 'B', grant: '5' });
  expect(await harness.ask('change', 'no-reset', { used: '0' })).toMatchObject({
    outcome: 'refused',
    problem: { code: 'ACCOUNT_KIND_CONFLICT' },
  });
});

// Guarantee: what was booked and not yet published is published after a crash, numbered so that repeats are ignored.
it('publishes entries, crossings and seals from the books, also after a restart (rules 18, 25 and 28)', async () => {
  const partition = partitionOf('crossing', partitions);
  await harness.ask('open', 'crossing', { kind: 'metered', unit: 'tokens', settings: { plan: 'default' } });
  const spent = harness.ask('spend', 'crossing', { amount: '25000000' });
  const { entry } = await spent;
  await harness.ledger.stop();
  await harness.admin.query('delete from ledger.publications');
  await harness.startLedger({ publishEntries: true });
  const [of] = await harness.rows<{ n: string }>('select count(*) n from ledger.entries where partition = $1', [
    partition,
  ]);
  const published = await waitFor('every entry to be published', async () => {
    const seen = (await logOf(topics.ledgerEntries, partition)).map((message) => String(message['partition_seq']));
    return new Set(seen).size === Number(of!.n) ? seen : undefined;
  });
  expect([...new Set(published)]).toEqual(Array.from({ length: Number(of!.n) }, (_, index) => String(index + 1)));
  const crossings = await waitFor('the crossings', async () => {
    const found = (await logOf(topics.tierCrossings, partition)).filter(({ account }) => account === 'crossing');
    return found.length >= 3 ? found : undefined;
  });
  expect(new Set(crossings.map(({ block, entry: id }) => `${String(block)} ${String(id)}`))).toEqual(
    new Set([1, 2, 3].map((block) => `${block} ${entry!.id}`)),
  );
  await waitFor('the seals', async () => {
    const sealed = await harness.rows<{ root: Buffer }>('select root from ledger.seals where partition = $1', [
      partition,
    ]);
    const roots = new Set((await logOf(topics.ledgerSeals, partition)).map(({ root }) => root));
    return sealed.length > 0 && sealed.every(({ root }) => roots.has(root.toString('hex')));
  });
  // Every message is what the contracts say, member by member.
  for (const message of await logOf(topics.ledgerEntries, partition))
    expect(fromWireEntryBooked(message)).toEqual(message);
  for (const message of await logOf(topics.tierCrossings, partition))
    expect(fromWireTierCrossed(message)).toEqual(message);
  for (const message of await logOf(topics.ledgerSeals, partition))
    expect(fromWirePartitionSealed(message)).toEqual(message);
});

// Guarantee: a customer's words can be erased without making any proof worthless.
it('keeps every proof valid when the words beside an entry are erased (rule 29)', async () => {
  await harness.ask('open', 'erased', { kind: 'wallet', unit: 'u', grant: '10' });
  const details = { salt: 'ab'.repeat(16), purpose: 'a private matter', metadata: { name: 'somebody' } };
  const { entry } = await harness.ask('spend', 'erased', { amount: '1' }, { details });
  const proofOf = async () => {
    const found = await harness.ledger.queries.proof({ id: entry!.id });
    return found === 'not_sealed' || found === null ? undefined : found;
  };
  const before = await waitFor('the seal', proofOf);
  expect(JSON.stringify(before)).not.toContain('private');
  const [partition, seq] = entry!.id.split('-');
  const erase = `update ledger.details set salt = null, content = null where partition = ${partition}
    and partition_seq = ${seq}`;
  await harness.admin.query(erase);
  await expect(
    harness.admin.query(
      `update ledger.details set content = '{}' where partition = ${partition} and partition_seq = ${seq}`,
    ),
  ).rejects.toMatchObject({ code: '42501' });
  expect(await proofOf()).toEqual(before);
  expect((await verifyChain({ databaseUrl: harness.url })).flatMap(({ problems }) => problems)).toEqual([]);
  expect((await harness.ledger.queries.entry({ id: entry!.id }))?.details).toBeUndefined();
});

// Guarantee: PostgreSQL restored to an earlier time is brought forward by the log to the very same rows.
it('decides the log again to the same rows, on empty books and from a pruned tail (rules 9 and 30)', async () => {
  const columns = `partition, partition_seq, account, seq, kind, amount, balance_after, held_after, used_after,
      log_offset, occurred_at, recorded_at,
    available_after, lot, lot_left, hold, period_start, corrects, request_id, ordinal`;
  const booked = await harness.rows(`select ${columns} from ledger.entries order by partition, partition_seq`);
  await harness.ledger.stop();
  const lost = await ledgerDatabase();
  const url = roleUrl(lost.url, ledgerSchema.role, `${ledgerSchema.role}-password`);
  await harness.startLedger({ databaseUrl: url, publishEntries: false });
  const restored = new pg.Pool({ connectionString: lost.url, max: 1 });
  // Dropping the database may end a back end that is still closing.
  restored.on('error', () => undefined);
  await waitFor(
    'the log to be booked again',
    async () => (await restored.query('select 1 from ledger.entries')).rowCount === booked.length,
    20_000,
  );
  expect(
    (await restored.query(`select ${columns} from ledger.entries order by partition, partition_seq`)).rows,
  ).toEqual(booked);
  await harness.ledger.stop();
  await restored.end();
  await lost.drop();
  await harness.startLedger({ publishEntries: true });
  const { partitions: bounds } = await harness.log.describe(topics.usageEvents);
  for (const { partition, end } of bounds)
    await harness.log.prune({ topic: topics.usageEvents, partition, before: Math.floor(end / 2) });
  const kept = new Map(
    (await harness.log.describe(topics.usageEvents)).partitions.map(({ partition, start }) => [partition, start]),
  );
  expect([...kept.values()].some((start) => start > 0)).toBe(true);
  const report = await checkBooks({
    databaseUrl: harness.url,
    readLog: async (partition, to) => ({
      start: kept.get(partition) ?? 0,
      batches: harness.log.read({ topic: topics.usageEvents, partition, from: kept.get(partition) ?? 0, to }),
    }),
  });
  expect(report.drifts).toEqual([]);
});
