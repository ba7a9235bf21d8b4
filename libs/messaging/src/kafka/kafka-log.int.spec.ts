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

  const withLogs = async (
    count: number,
    work: (logs: readonly EventLog[], brokers: string) => Promise<void>,
  ): Promise<void> => {
    const brokers = await sharedServer('kafka');
    const logs = await Promise.all(
      Array.from({ length: count }, (_, n) => openKafkaLog({ brokers: brokers.split(','), clientId: `c${n}` })),
    );
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

  // Guarantee (rule 5): a member that wakes from a freeze claims its partitions anew; no earlier claim stays valid.
  it('assigns every partition anew to a member that the group had put out', async () => {
    await withLogs(1, async ([log], brokers) => {
      const topic = uniqueName('put-out');
      await log!.createTopics([{ topic, partitions: 4, retention: 'forever' }]);
      const group = uniqueName('g');
      const assigned = new Map<number, number>();
      const revoked = new Map<number, number>();
      const count = (calls: Map<number, number>, partition: number): void =>
        void calls.set(partition, (calls.get(partition) ?? 0) + 1);
      const values: string[] = [];
      await log!.subscribe({
        group,
        topics: [topic],
        handler: {
          ...collecting(values, new Set()),
          assigned: ({ partition }) => Promise.resolve(count(assigned, partition)).then(() => 0),
          revoked: ({ partition }) => Promise.resolve(count(revoked, partition)),
        },
      });
      await waitFor('the assignment', () => assigned.size === 4);

      await putOut(brokers, group);

      await waitFor(
        'the partitions to be assigned anew',
        () => [...assigned.values()].every((times) => times === 2),
        30_000,
      );
      expect([...revoked.values()]).toEqual([1, 1, 1, 1]);
      await log!.append([{ topic, partition: 2, key: '', value: 'later' }]);
      await waitFor('a record', () => values.includes('later'));
    });
  });

  // Guarantee: on brokers that we do not configure, short sessions are refused; the group is joined all the same.
  it('joins with the usual session where the broker refuses a short one', async () => {
    const server = await startKafka('group.min.session.timeout.ms=6000\n');
    const log = await openKafkaLog({ brokers: [server.brokers], clientId: 'refused' });
    try {
      const topic = uniqueName('refused');
      await log.createTopics([{ topic, partitions: 1, retention: 'forever' }]);
      const values: string[] = [];
      await log.subscribe({ group: uniqueName('g'), topics: [topic], handler: collecting(values, new Set()) });
      await log.append([{ topic, partition: 0, key: '', value: 'one' }]);
      await waitFor('the record', () => values.includes('one'), 20_000);
    } finally {
      await log.close();
      await server.stop();
    }
  });

  it('knows when it no longer follows the log, and when it does again', async () => {
    const server = await startKafka();
    const log = await openKafkaLog({ brokers: [server.brokers], clientId: 'following' });
    try {
      const topic = uniqueName('followed');
      await log.createTopics([{ topic, partitions: 1, retention: 'forever' }]);
      const subscription = await log.subscribe({
        group: uniqueName('g'),
        topics: [topic],
        handler: collecting([], new Set()),
      });
      expect(subscription.following()).toBe(true);

      await server.kill();

      await waitFor('the loss to be noticed', () => !subscription.following(), 6_000);
      await server.restart();
      await waitFor('the subscription to follow again', () => subscription.following(), 60_000);
    } finally {
      await log.close();
      await server.stop();
    }
  });

  // Guarantee: whatever the client library waits for, records are delivered again some time after the broker is back.
  it('replaces a consumer that hears nothing, and goes on where it was', async () => {
    const server = await startKafka();
    const troubles: string[] = [];
    const log = await openKafkaLog({
      brokers: [server.brokers],
      clientId: 'silent',
      silentMaxMs: 2_000,
      onTrouble: (text) => troubles.push(text),
    });
    try {
      const topic = uniqueName('silent');
      await log.createTopics([{ topic, partitions: 1, retention: 'forever' }]);
      const values: string[] = [];
      const handler = { ...collecting(values, new Set()), assigned: () => Promise.resolve(values.length) };
      await log.subscribe({ group: uniqueName('g'), topics: [topic], handler });
      const append = (value: string) => log.append([{ topic, partition: 0, key: '', value }]).then(() => true);
      await append('before');
      await waitFor('the first record', () => values.length === 1);

      await server.pause();
      try {
        await waitFor(
          'the silence to be noticed',
          () => troubles.some((text) => text.includes('was silent for 2000 ms and is replaced')),
          10_000,
        );
      } finally {
        await server.resume();
      }

      await waitFor('an append', () => append('after'), 30_000);
      await waitFor('the record after it', () => values.includes('after'), 60_000);
      expect(values.filter((value) => value === 'before')).toHaveLength(1);
    } finally {
      await log.close();
      await server.stop();
    }
  });

  it('gives a topic its settings: time of the log, no retention, each append on disk on a single broker', async () => {
    await withLogs(1, async ([log], brokers) => {
      const topic = uniqueName('settings');
      await log!.createTopics([{ topic, partitions: 1, retention: 'forever' }]);
      const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      const names = ['message.timestamp.type', 'retention.ms', 'retention.bytes', 'flush.messages'];
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: 2, name: topic, configNames: names }],
      });
      await admin.disconnect();

      expect(
        Object.fromEntries(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ).toEqual({
        'message.timestamp.type': 'LogAppendTime',
        'retention.ms': '-1',
        'retention.bytes': '-1',
        'flush.messages': '1',
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
      await log!.subscribe({
        group: uniqueName('g'),
        topics: [topic],
        handler: collecting(values, new Set(), outside),
      });
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

type Coordinator = { leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown> };
type Cluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  findGroupCoordinator(of: { groupId: string }): Promise<Coordinator>;
};

/**
 * Tells the group's coordinator in the only member's name that it leaves, as the coordinator concludes from a long
 * silence.
 */
async function putOut(brokers: string, groupId: string): Promise<void> {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const { groups } = await admin.describeGroups([groupId]);
  await admin.disconnect();
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  )!;
  const cluster = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[symbol]!({});
  await cluster.connect();
  await (
    await cluster.findGroupCoordinator({ groupId })
  ).leaveGroup({ groupId, memberId: groups[0]!.members[0]!.memberId });
  await cluster.disconnect();
}
