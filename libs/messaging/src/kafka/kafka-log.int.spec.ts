import { expect, it } from '@jest/globals';
import { describeWith, sharedServer, startKafka, uniqueName, waitFor, whyNot } from '@tollgate/testing';
import { Kafka, logLevel } from 'kafkajs';
import { eventLogContract } from '../event-log.contract.ts';
import type { EventLog, PartitionHandler } from '../event-log.ts';
import { openKafkaLog } from './kafka-log.ts';

describeWith('kafka', await whyNot('kafka'), 'The log on Apache Kafka', () => {
  eventLogContract('Kafka', async () => {
    const server = await startKafka();
    return {
      open: () => openKafkaLog({ brokers: [server.brokers], clientId: 'contract' }),
      kill: () => server.kill(),
      restart: () => server.restart(),
      stop: () => server.stop(),
    };
  });

  const withLogs = async (count: number, work: (logs: readonly EventLog[], brokers: string) => Promise<void>): Promise<void> => {
    const brokers = await sharedServer('kafka');
    const logs = await Promise.all(Array.from({ length: count }, (_, n) => openKafkaLog({ brokers: brokers.split(','), clientId: `c${n}` })));
    try {
      await work(logs, brokers);
    } finally {
      for (const log of logs) await log.close();
    }
  };
  const collecting = (values: string[], mine: Set<number>, outside: object[] = []): PartitionHandler => ({
    assigned: ({ partition }) => Promise.resolve(mine.add(partition)).then(() => 0),
    revoked: ({ partition }) => Promise.resolve(void mine.delete(partition)),
    records: (_where, records) => Promise.resolve(void values.push(...records.map(({ value }) => value))),
    outOfRange: (_where, bounds) => Promise.resolve(void outside.push(bounds)),
  });

  it('shares a group between processes and takes over from one that leaves', async () => {
    await withLogs(2, async ([one, two]) => {
      const topic = uniqueName('shared');
      await one!.createTopics([{ topic, partitions: 4, retention: 'forever' }]);
      const group = uniqueName('g');
      const [first, second] = [new Set<number>(), new Set<number>()];
      await one!.subscribe({ group, topics: [topic], handler: collecting([], first) });
      const values: string[] = [];
      const leaving = await two!.subscribe({ group, topics: [topic], handler: collecting(values, second) });
      await waitFor('an even share', () => first.size === 2 && second.size === 2, 20_000);

      await leaving.stop();

      expect(second.size).toBe(0);
      await waitFor('the handover', () => first.size === 4, 20_000);
    });
  });

  it('gives a topic its settings: time of the log, no retention, each append on disk on a single broker', async () => {
    await withLogs(1, async ([log], brokers) => {
      const topic = uniqueName('settings');
      await log!.createTopics([{ topic, partitions: 1, retention: 'forever' }]);
      const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      const names = ['message.timestamp.type', 'retention.ms', 'retention.bytes', 'flush.messages'];
      const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic, configNames: names }] });
      await admin.disconnect();

      expect(Object.fromEntries(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]))).toEqual({
        'message.timestamp.type': 'LogAppendTime', 'retention.ms': '-1', 'retention.bytes': '-1', 'flush.messages': '1',
      });
    });
  });

  // Guarantee (rule 2): kafkajs would jump to the new start without a word.
  it('reports a topic that was made anew under a consumer, and its id has changed', async () => {
    await withLogs(1, async ([log], brokers) => {
      const topic = uniqueName('anew');
      const spec = { topic, partitions: 1, retention: 'forever' } as const;
      await log!.createTopics([spec]);
      const before = await log!.describe(topic);
      const append = (value: string): Promise<unknown> => log!.append([{ topic, partition: 0, key: '', value }]);
      for (const value of ['a', 'b', 'c']) await append(value);
      const values: string[] = [];
      const outside: object[] = [];
      await log!.subscribe({ group: uniqueName('g'), topics: [topic], handler: collecting(values, new Set(), outside) });
      await waitFor('the records', () => values.length === 3);
      const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      await admin.deleteTopics({ topics: [topic] });
      await waitFor('the deletion', async () => !(await admin.listTopics()).includes(topic));
      await admin.disconnect();

      await log!.createTopics([spec]);
      await waitFor('an append to the new topic', () => append('new').then(() => true), 20_000);

      await waitFor('the report', () => outside.length > 0, 30_000);
      expect(values).toEqual(['a', 'b', 'c']);
      expect((await log!.describe(topic)).topicId).not.toBe(before.topicId);
    });
  });
});
