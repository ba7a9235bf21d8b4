import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import { waitFor } from '@tollgate/testing';

import { checkBooks } from '../../index.ts';
import { LedgerHarness, partitions } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => void (harness = await LedgerHarness.start()));
afterAll(() => harness.stop());

const month = 31 * 86_400_000;
const open = (id: string) =>
  harness.ask('open', id, { kind: 'metered', unit: 'tokens', settings: { plan: 'default' } });
const spend = async (id: string, millions: number): Promise<string> =>
  (await harness.ask('spend', id, { amount: `${millions}000000` })).entry!.id;
const correct = (id: string, entry: string, millions?: number) =>
  harness.ask(
    'correct',
    '',
    { entry, ...(millions === undefined ? {} : { amount: `${millions}000000` }) },
    {},
    partitionOf(id, partitions),
  );
const usedIn = async (id: string, at: string) => (await harness.ledger.queries.usage({ account: id, at }))?.used;

/** What the topic says of an account: month, block and what happened to it, each message once. */
async function told(id: string, count: number): Promise<readonly string[]> {
  return waitFor(`${count} messages about ${id}`, async () => {
    const seen = new Map<string, string>();
    for await (const records of harness.log.read({
      topic: topics.tierCrossings,
      partition: partitionOf(id, partitions),
      from: 0,
    })) {
      for (const { value } of records) {
        const message = JSON.parse(value) as Record<string, string>;
        if (message['account'] !== id) continue;
        const text = `${message['period_start']!.slice(0, 7)} ${message['type']} ${message['block']}`;
        seen.set(`${message['partition_seq']} ${message['block']}`, text);
      }
    }
    return seen.size >= count ? [...seen.values()] : undefined;
  });
}

describe('a correction', () => {
  it('that takes usage below a block is told in the order of crossings, as is usage that enters it again', async () => {
    await open('left');
    const entry = await spend('left', 25);
    await correct('left', entry, 10);
    await spend('left', 16);
    expect(await told('left', 7)).toEqual([
      ...[1, 2, 3].map((block) => `2026-11 TierCrossed ${block}`),
      '2026-11 TierBlockLeft 2',
      '2026-11 TierBlockLeft 3',
      '2026-11 TierBlockRegained 2',
      '2026-11 TierBlockRegained 3',
    ]);
    await spend('left', 2);
    expect((await told('left', 8)).slice(7)).toEqual(['2026-11 TierCrossed 4']);
  });

  // Guarantee: a mistake of September is found in November, and September's blocks are what is given back.
  it('of an entry of months ago concerns the blocks of its own month, at the prices of then', async () => {
    await open('months');
    const first = await spend('months', 25);
    const startsAt = new Date(harness.clock.nowMs()).toISOString();
    await harness.advance(month);
    await spend('months', 17);
    await harness.advance(month);
    await spend('months', 9);
    await correct('months', first, 17);
    await correct('months', first);
    expect(await told('months', 9)).toEqual([
      ...[1, 2, 3].map((block) => `2026-11 TierCrossed ${block}`),
      ...[1, 2].map((block) => `2026-12 TierCrossed ${block}`),
      '2027-01 TierCrossed 1',
      ...[1, 2, 3].map((block) => `2026-11 TierBlockLeft ${block}`),
    ]);
    expect([
      await usedIn('months', startsAt),
      await usedIn('months', '2026-12-15T00:00:00Z'),
      await usedIn('months', '2027-01-31T00:00:00Z'),
    ]).toEqual(['0', '17000000', '9000000']);
  });

  it('told and not published before a crash is published after it, and decided again it is the same', async () => {
    await open('crashed');
    const entry = await spend('crashed', 9);
    await correct('crashed', entry);
    await harness.ledger.stop();
    await harness.admin.query('delete from ledger.publications');
    await harness.startLedger();
    expect(await told('crashed', 2)).toEqual(['2027-01 TierCrossed 1', '2027-01 TierBlockLeft 1']);
    await harness.ledger.stop();
    await harness.startLedger();
    await spend('crashed', 8);
    await spend('crashed', 1);
    expect((await told('crashed', 3)).slice(2)).toEqual(['2027-01 TierBlockRegained 1']);
    const { drifts } = await checkBooks({
      databaseUrl: harness.url,
      readLog: async (partition, to) => ({
        start: 0,
        batches: harness.log.read({ topic: topics.usageEvents, partition, from: 0, to }),
      }),
    });
    expect(drifts).toEqual([]);
  });

  it('leaves rows that nobody can change', async () => {
    for (const sql of [
      'update ledger.block_changes set block = 9',
      'delete from ledger.block_changes',
      'truncate ledger.block_changes',
    ]) {
      await expect(harness.admin.query(sql)).rejects.toThrow('append-only');
    }
  });
});
