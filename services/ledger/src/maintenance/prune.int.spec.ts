import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import { waitFor } from '@tollgate/testing';

import { bookedPositions, checkBooks, neededFrom, verifyChain } from '../index.ts';
import { LedgerHarness, partitions } from '../testing/ledger-harness.ts';

// Guarantee (rule 3): what a backup, the publisher, the sealer or the books still need is never removed.
describe('Pruning the log of requests', () => {
  const account = 'pruned';
  const partition = partitionOf(account, partitions);
  let harness: LedgerHarness;
  beforeAll(async () => {
    harness = await LedgerHarness.start();
    await harness.ask('open', account, { kind: 'wallet', unit: 'u', grant: '1000' });
  });
  afterAll(() => harness.stop());

  const spend = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n++) await harness.ask('spend', account, { amount: '1' });
  };
  const sealed = () =>
    waitFor('every entry to be sealed', async () =>
      (await verifyChain({ databaseUrl: harness.url })).every(({ unsealed }) => unsealed === 0),
    );
  const published = () => waitFor('every entry to be published', async () => (await needs())?.because === 'position');
  const needs = async (of: Partial<Parameters<typeof neededFrom>[0]> = {}) =>
    (await neededFrom({ databaseUrl: harness.url, backup: null, publishesEntries: true, ...of })).find(
      (need) => need.partition === partition,
    );
  const positionNow = async () =>
    Number(
      (await bookedPositions({ databaseUrl: harness.url })).find((one) => one.partition === partition)!.next_offset,
    );

  it('keeps all from the position of the oldest backup on, and the record before it', async () => {
    await spend(5);
    const backup = await bookedPositions({ databaseUrl: harness.url });
    const booked = await positionNow();
    await spend(5);
    await sealed();

    await published();
    expect(await needs({ backup })).toEqual({ partition, before: booked - 1, because: 'backup' });
    expect(await needs()).toEqual({ partition, before: booked + 4, because: 'position' });
    expect(await needs({ backup: backup.filter((one) => one.partition !== partition) })).toEqual({
      partition,
      before: 0,
      because: 'backup',
    });
  });

  it('keeps what is not sealed and what is not published', async () => {
    await sealed();
    await spend(2);
    await sealed();
    await published();
    const [first] = await harness.rows<{ log_offset: string }>(
      `select e.log_offset from ledger.entries e join ledger.seals s on s.partition = e.partition
        and s.from_seq = e.partition_seq
        where e.partition = ${partition} order by s.number desc limit 1`,
    );
    await harness.ledger.stop();
    await harness.admin.query(`alter table ledger.seals disable trigger user;
      create temp table taken as select * from ledger.seals where partition = ${partition} order by number desc limit 1;
      delete from ledger.seals s using taken t where s.partition = t.partition and s.number = t.number;
      alter table ledger.seals enable always trigger seals_append_only`);
    const unsealed = await needs();
    await harness.admin.query(
      `delete from ledger.publications where partition = ${partition} and topic = '${topics.ledgerEntries}'`,
    );
    const unpublished = [await needs({ publishesEntries: true }), await needs({ publishesEntries: false })];
    await harness.startLedger();

    expect(unsealed).toEqual({ partition, before: Number(first!.log_offset) - 1, because: 'sealer' });
    // Where entries are published to no topic, the position of publishing does not keep records from being removed.
    expect(unpublished).toEqual([{ partition, before: 0, because: 'publisher' }, unsealed]);
  });

  it('leaves books that go on after a restart, and the kept tail is decided without drift (rule 30)', async () => {
    await spend(3);
    await sealed();
    await published();
    const { before } = (await needs())!;
    await harness.ledger.stop();

    await harness.log.prune({ topic: topics.usageEvents, partition, before });

    const start = (await harness.log.describe(topics.usageEvents)).partitions[partition]!.start;
    expect(start).toBe(before);
    await harness.startLedger();
    expect(await harness.ask('spend', account, { amount: '1' })).toMatchObject({ outcome: 'booked' });
    const report = await checkBooks({
      databaseUrl: harness.url,
      readLog: async (number, to) => {
        const from = number === partition ? start : 0;
        return { start: from, batches: harness.log.read({ topic: topics.usageEvents, partition: number, from, to }) };
      },
    });
    expect(report.drifts).toEqual([]);
    expect(report.records).toBeGreaterThan(0);
  });
});
