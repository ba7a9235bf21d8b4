import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import { waitFor } from '@tollgate/testing';

import { checkBooks, verifyChain } from '../index.ts';
import { LedgerHarness, partitions } from '../testing/ledger-harness.ts';

let harness: LedgerHarness;
const partition = partitionOf('billed', partitions);
beforeAll(async () => {
  harness = await LedgerHarness.start();
  await harness.ask('open', 'billed', { kind: 'metered', unit: 'tokens', settings: { plan: 'default' } });
  const spent = await harness.ask('spend', 'billed', { amount: '25000000' });
  await waitFor(
    'a first seal',
    async () => (await harness.rows('select from ledger.seals where partition = $1', [partition])).length > 0,
  );
  await harness.ask('correct', '', { entry: spent.entry!.id, amount: '10000000' }, {}, partition);
  await harness.ask('spend', 'billed', { amount: '16000000' });
  await waitFor('every entry to be sealed and every seal published', async () => {
    const [row] = await harness.rows<{ done: boolean }>(
      `select coalesce((select max(to_seq) from ledger.seals where partition = $1) = (select last_seq
        from ledger.positions where partition = $1)
      and (select max(number) from ledger.seals where partition = $1) = (select published_through
        from ledger.publications where partition = $1 and topic = $2), false) as done`,
      [partition, topics.ledgerSeals],
    );
    return row?.done === true;
  });
});
afterAll(() => harness.stop());

const tables = ['entries', 'seals', 'crossings', 'block_changes', 'positions', 'publications'];
/** Changes tables behind the platform's back, looks, and puts everything back. */
async function tampered<T>(sql: string, look: () => Promise<T>): Promise<T> {
  const each = (make: (table: string) => string): string => tables.map(make).join(';');
  await harness.admin.query(
    each(
      (table) =>
        `create table kept_${table} as table ledger.${table}; alter table ledger.${table} disable trigger user`,
    ),
  );
  try {
    await harness.admin.query(sql);
    return await look();
  } finally {
    await harness.admin.query(
      each(
        (table) =>
          `delete from ledger.${table}; insert into ledger.${table} select *
            from kept_${table}; drop table kept_${table}`,
      ),
    );
  }
}
const readSeals = (of: number) => harness.log.read({ topic: topics.ledgerSeals, partition: of, from: 0 });
const problems = async (published = true): Promise<readonly string[]> =>
  (await verifyChain({ databaseUrl: harness.url, ...(published ? { readSeals } : {}) }))
    .flatMap((report) => report.problems)
    .map(({ problem }) => problem);
const drifts = async (): Promise<readonly string[]> =>
  (
    await checkBooks({
      databaseUrl: harness.url,
      readLog: async (of, to) => ({
        start: 0,
        batches: harness.log.read({ topic: topics.usageEvents, partition: of, from: 0, to }),
      }),
    })
  ).drifts.map(({ what }) => what);

describe('a removed end of the books', () => {
  const last = `(select max(partition_seq) from ledger.entries where partition = ${partition})`;
  const cut = `delete from ledger.seals where partition = ${partition} and to_seq >= ${last}; delete
    from ledger.entries where partition = ${partition} and partition_seq = ${last}`;

  it('is not there to begin with', async () => {
    expect([await problems(), await drifts()]).toEqual([[], []]);
  });

  // Guarantee: a shorter chain is a valid chain, so something outside of it must say how long it was.
  it('is found by the position, entries and their seals removed together', async () => {
    const found = await tampered(cut, () => problems(false));
    expect(found).toEqual(
      expect.arrayContaining([expect.stringMatching(/^entries (\d+) to \1 are missing: the position says/)]),
    );
  });

  it("is found by the publisher's place, when the position was set back too", async () => {
    const found = await tampered(
      `${cut}; update ledger.positions set last_seq = ${last} where partition = ${partition}`,
      () => problems(false),
    );
    expect(found).toEqual([expect.stringMatching(/^seals \d+ to \d+ were published and are missing$/)]);
  });

  it('is found by the topic of seals, when every table was set back', async () => {
    const back = `${cut}; update ledger.positions set last_seq = ${last} where partition = ${partition};
      update ledger.publications set published_through = (select max(number) from ledger.seals
        where partition = ${partition}) where partition = ${partition} and topic = '${topics.ledgerSeals}'`;
    expect(await tampered(back, () => problems(false))).toEqual([]);
    expect(await tampered(back, () => problems())).toEqual([
      expect.stringMatching(/of the entries \d+ to \d+ are missing, by the seal that was published$/),
    ]);
  });

  it('is found when the partition lost its position', async () => {
    expect(await tampered(`delete from ledger.positions where partition = ${partition}`, () => problems())).toEqual([
      'its position is missing',
    ]);
  });
});

describe('what billing charges from', () => {
  // Guarantee: a block that was taken out is never charged, one that was put in is charged to somebody who owes
  // nothing.
  it.each([
    [
      'a removed crossing',
      `delete from ledger.crossings where block = 3`,
      /block 3 of default 1 entered, .*: is decided so and was not booked$/,
    ],
    [
      'a changed price',
      `update ledger.crossings set amount_minor = 1 where block = 2`,
      /block 2 .* 1 BRL.*: was booked so and is not decided$/,
    ],
    [
      'an inserted crossing',
      `insert into ledger.crossings select partition, partition_seq, account, period_start, period_end, 9, plan,
        gen_random_uuid(), plan_version, billing_tier, amount_minor, currency
      from ledger.crossings where block = 1`,
      /block 9 .*: was booked so and is not decided$/,
    ],
    [
      'a crossing of no entry',
      `insert into ledger.crossings select partition, 1000000, account, period_start, period_end, 9, plan,
        gen_random_uuid(), plan_version, billing_tier, amount_minor, currency
      from ledger.crossings where block = 1`,
      /^crossings has a row of entry \d+-1000000, which is not there/,
    ],
    [
      'a removed change of a block',
      `delete from ledger.block_changes where change = 'left' and block = 2`,
      /block 2 .* left, .*: is decided so and was not booked$/,
    ],
    [
      'a turned change of a block',
      `update ledger.block_changes set change = 'regained' where change = 'left' and block = 3`,
      /block 3 .* regained, .*: was booked so and is not decided$/,
    ],
  ])('is compared with what the log decides: %s', async (_name, sql, found) => {
    expect(await tampered(sql, drifts)).toEqual(expect.arrayContaining([expect.stringMatching(found)]));
  });
});
