import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { deadLetterTopic, groups, topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import { openKafkaLog } from '@tollgate/messaging';
import type { TestKafka } from '@tollgate/testing';
import { describeWith, startKafka, waitFor, whyNot } from '@tollgate/testing';

import { checkBooks, moveLog } from '../index.ts';
import { LedgerHarness, partitions } from '../testing/ledger-harness.ts';

// Guarantee (rule 4): an embedded database moves behind Kafka as it is; no request is lost, none is booked again.
describeWith('kafka', await whyNot('kafka'), 'Books that move behind Kafka', () => {
  const account = 'moving';
  const partition = partitionOf(account, partitions);
  const keyed = { id: 'before-the-move', keyed: true, hash: 'a'.repeat(32) };
  let harness: LedgerHarness;
  let server: TestKafka;
  let kafka: EventLog;
  beforeAll(async () => {
    harness = await LedgerHarness.start();
    // A broker of its own: the ledger's topics have fixed names.
    server = await startKafka();
    kafka = await openKafkaLog({ brokers: [server.brokers], clientId: 'moving' });
    await kafka.createTopics(
      [
        topics.usageEvents,
        topics.ledgerEntries,
        topics.tierCrossings,
        topics.ledgerSeals,
        deadLetterTopic(topics.usageEvents, groups.ledgerBooking),
      ].map((topic) => ({ topic, partitions, retention: 'forever' as const })),
    );
    await harness.ask('open', account, { kind: 'wallet', unit: 'u', grant: '10' });
    await harness.ask('spend', account, { amount: '3' }, keyed);
  });
  afterAll(async () => {
    await harness?.stop();
    await kafka?.close();
    await server?.stop();
  });

  const describes = async () => ({
    from: await harness.log.describe(topics.usageEvents),
    to: await kafka.describe(topics.usageEvents),
  });
  const positions = () =>
    harness.rows('select partition, topic_id, next_offset, log_base from ledger.positions order by partition');

  it('are not moved while a record is not booked, nor to a topic of another size, nor from another log', async () => {
    await harness.ledger.stop();
    await harness.log.append([harness.record('spend', account, { amount: '1' }, { id: 'late' })]);
    const before = await positions();
    const { from, to } = await describes();
    const refused = (options: Partial<Parameters<typeof moveLog>[0]>) =>
      expect(moveLog({ databaseUrl: harness.url, from, to, ...options })).rejects.toMatchObject({
        code: 'LOG_NOT_MOVABLE',
      });

    await refused({});
    await refused({ to: { ...to, partitions: to.partitions.slice(1) } });
    await refused({ to: { ...to, partitions: to.partitions.map((one) => ({ ...one, end: 1 })) } });
    await refused({ from: { ...from, topicId: 'another' } });

    expect(await positions()).toEqual(before);
    await harness.startLedger();
    await waitFor(
      'the late record',
      async () => (await harness.ledger.queries.account({ id: account }))?.balance === '6',
    );
  });

  it('go on at offset 0 there, know what was booked before, and are decided again without drift', async () => {
    await harness.ledger.stop();
    const booked = Number(((await positions()) as { next_offset: string }[])[partition]!.next_offset);
    await moveLog({ databaseUrl: harness.url, ...(await describes()) });
    const embedded = harness.log;
    harness.log = kafka;
    try {
      await harness.startLedger();

      expect(await harness.ask('spend', account, { amount: '3' }, keyed)).toMatchObject({
        outcome: 'booked',
        replayed: true,
      });
      expect(await harness.ask('spend', account, { amount: '2' })).toMatchObject({ outcome: 'booked', available: '4' });
      await harness.ledger.stop();
      await harness.startLedger();
      expect(await harness.ask('spend', account, { amount: '1' })).toMatchObject({ outcome: 'booked', available: '3' });

      await waitFor(
        'the position',
        async () => Number(((await positions()) as { next_offset: string }[])[partition]!.next_offset) >= booked + 3,
      );
      const report = await checkBooks({
        databaseUrl: harness.url,
        readLog: async (number, to) => ({
          start: 0,
          batches: kafka.read({ topic: topics.usageEvents, partition: number, from: 0, to }),
        }),
      });
      expect(report.drifts).toEqual([]);
      expect(report.records).toBe(3);
      const published = [];
      for await (const records of kafka.read({ topic: topics.ledgerEntries, partition, from: 0 }))
        published.push(...records);
      const seqs = published.map(({ value }) => Number((JSON.parse(value) as { partition_seq: string }).partition_seq));
      expect(new Set(seqs)).toEqual(
        new Set(seqs.map((_, index) => index + 1).filter((seq) => seq <= Math.max(...seqs))),
      );
    } finally {
      await harness.ledger.stop();
      await embedded.close();
    }
  });
});
