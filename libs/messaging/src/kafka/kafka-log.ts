import { AppError } from '@tollgate/kernel';
import { OnFirstUse, sharedWhileUnderWay } from '@tollgate/service-kit';
import type { Admin, ITopicConfig, Kafka } from 'kafkajs';

import type {
  Appended,
  EventLog,
  LogRecord,
  OutgoingRecord,
  SubscribeOptions,
  Subscription,
  TopicDescription,
  TopicPartition,
  TopicSpec,
} from '../event-log.ts';
import type { Bounds } from '../partition-worker.ts';
import { KafkaAppender } from './appender.ts';
import type { KafkaConnection, OnTrouble } from './client.ts';
import { kafkaClient, within } from './client.ts';
import { toLogRecord } from './feed.ts';
import { RawCluster, unknownTopic } from './raw-cluster.ts';
import { KafkaSubscription } from './subscription.ts';

export type KafkaLogOptions = KafkaConnection & {
  /** Default 1,500: below the 2 s in which the gateway must answer 503. */
  readonly appendTimeoutMs?: number;
  /** Called for every failure that is retried: lost brokers, crashed consumers, handlers that reject. */
  readonly onTrouble?: OnTrouble;
  /**
   * A consumer that receives nothing from its broker for this time is replaced. Default 12,000: longer than a rebalance
   * may take.
   */
  readonly silentMaxMs?: number;
};

const checkTimeoutMs = 1_900;
/** Time limit of requests that a partition waits for before it is booked. */
const adminTimeoutMs = 4_000;
const createTimeoutMs = 15_000;
/** Replicas of a topic where there are brokers enough; with `min.insync.replicas` 2 one may be lost. */
const replicasMax = 3;
/** Room for the largest send in one partition (the broker's default, 1 MB, is less than one send collects). */
const batchBytesMax = 16 * 1024 * 1024;

/** Opens the log on Apache Kafka. Nothing connects before it is needed, so brokers may still be starting. */
export function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  return Promise.resolve(new KafkaLog(options));
}

class KafkaLog implements EventLog {
  readonly #kafka: Kafka;
  readonly #appender: KafkaAppender;
  readonly #raw: RawCluster;
  readonly #onTrouble: OnTrouble;
  readonly #silentMaxMs: number | undefined;
  readonly #subscriptions = new Set<KafkaSubscription>();
  readonly #admin = new OnFirstUse(
    () => this.#connectAdmin(),
    (admin) => admin.disconnect(),
  );
  readonly #checkOnce = sharedWhileUnderWay(() => this.#checkNow());

  constructor(options: KafkaLogOptions) {
    this.#onTrouble = options.onTrouble ?? (() => undefined);
    this.#silentMaxMs = options.silentMaxMs;
    this.#kafka = kafkaClient(options, this.#onTrouble);
    this.#appender = new KafkaAppender(this.#kafka, options.appendTimeoutMs ?? 1_500, this.#onTrouble);
    this.#raw = new RawCluster(this.#kafka);
  }

  append(records: readonly OutgoingRecord[]): Promise<readonly Appended[]> {
    return this.#appender.append(records);
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const [kafka, onTrouble, silentMaxMs] = [this.#kafka, this.#onTrouble, this.#silentMaxMs];
    const subscription = new KafkaSubscription(
      { kafka, ask: (work) => this.#ask(work), bounds: (where) => this.#bounds(where), onTrouble, silentMaxMs },
      options,
    );
    this.#subscriptions.add(subscription);
    await subscription.ready();
    return {
      seek: (where, offset) => subscription.seek(where, offset),
      commit: (where, nextOffset) => subscription.commit(where, nextOffset),
      following: (where) => subscription.following(where),
      stop: async () => {
        this.#subscriptions.delete(subscription);
        await subscription.stop();
      },
    };
  }

  async *read(range: {
    topic: string;
    partition: number;
    from: number;
    to?: number;
  }): AsyncGenerator<readonly LogRecord[]> {
    const { topic, partition, from } = range;
    const bounds = await this.#bounds(range);
    if (from < bounds.start || from > bounds.end) {
      throw new AppError(
        'not_found',
        'LOG_OUT_OF_RANGE',
        `the log does not hold offset ${from} of ${topic}/${partition}`,
        { ...bounds },
      );
    }
    const to = Math.min(range.to ?? bounds.end, bounds.end);
    for (let offset = from; offset < to;) {
      const messages = await within(adminTimeoutMs, this.#raw.fetch({ topic, partition, offset }));
      const records = messages.map(toLogRecord).filter((record) => record.offset < to);
      if (records[0] === undefined) continue;
      if (records[0].offset !== offset)
        throw new AppError('not_found', 'LOG_OUT_OF_RANGE', `offset ${offset} was removed while it was read`);
      offset += records.length;
      yield records;
    }
  }

  async describe(topic: string): Promise<TopicDescription> {
    const topicId = await within(adminTimeoutMs, this.#raw.topicId(topic));
    const offsets = await this.#offsets(topic);
    return { topicId, partitions: offsets.sort((a, b) => a.partition - b.partition) };
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    const existing = new Set(await this.#ask((admin) => admin.listTopics()));
    const { brokers } = await this.#ask((admin) => admin.describeCluster());
    for (const spec of specs) {
      if (existing.has(spec.topic)) continue;
      // false: another process created the topic meanwhile; it is left as it is.
      await this.#ask(
        (admin) => admin.createTopics({ waitForLeaders: true, topics: [topicConfig(spec, brokers.length)] }),
        createTimeoutMs,
      );
    }
  }

  async prune({ topic, partition, before }: { topic: string; partition: number; before: number }): Promise<void> {
    const { start, end } = await this.#bounds({ topic, partition });
    if (before <= start) return;
    const offset = String(Math.min(before, end));
    await this.#ask((admin) => admin.deleteTopicRecords({ topic, partitions: [{ partition, offset }] }));
  }

  async check(): Promise<void> {
    await this.#checkOnce();
  }

  async #checkNow(): Promise<void> {
    await Promise.all([
      this.#ask((admin) => admin.describeCluster(), checkTimeoutMs),
      within(checkTimeoutMs, this.#appender.check()),
    ]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    this.#subscriptions.clear();
    await this.#appender.close();
    await this.#raw.close().catch(() => undefined);
    await within(adminTimeoutMs, this.#admin.close()).catch(() => undefined);
  }

  /**
   * Asks through the shared admin client, within a time limit. After a failure the client is replaced and asked once
   * more: kafkajs requests metadata of every topic that it was ever asked about, so that a topic deleted since then
   * fails every call.
   */
  async #ask<T>(work: (admin: Admin) => Promise<T>, timeoutMs = adminTimeoutMs): Promise<T> {
    return this.#askOnce(work, timeoutMs).catch((error: unknown) => {
      if (!isUnknownTopic(error)) throw error;
      return this.#askOnce(work, timeoutMs);
    });
  }

  async #askOnce<T>(work: (admin: Admin) => Promise<T>, timeoutMs: number): Promise<T> {
    return this.#admin.use(work, (result) => within(timeoutMs, result));
  }

  async #connectAdmin(): Promise<Admin> {
    const admin = this.#kafka.admin({ retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 4 } });
    await admin.connect();
    return admin;
  }

  async #bounds({ topic, partition }: TopicPartition): Promise<Bounds> {
    const found = (await this.#offsets(topic)).find((one) => one.partition === partition);
    if (found === undefined) throw unknownTopic(`${topic}/${partition}`);
    return { start: found.start, end: found.end };
  }

  async #offsets(
    topic: string,
  ): Promise<{ readonly partition: number; readonly start: number; readonly end: number }[]> {
    const offsets = await this.#ask((admin) => admin.fetchTopicOffsets(topic));
    return offsets.map(({ partition, low, high }) => ({ partition, start: Number(low), end: Number(high) }));
  }
}

function isUnknownTopic(error: unknown): boolean {
  const cause: unknown = error instanceof AppError ? error.cause : error;
  return typeof cause === 'object' && cause !== null && 'type' in cause && cause.type === 'UNKNOWN_TOPIC_OR_PARTITION';
}

/** Time is the log's (rule 1), only prune removes records (rule 3), a single broker writes to disk at once. */
function topicConfig({ topic, partitions, retention }: TopicSpec, brokers: number): ITopicConfig {
  const settings: Record<string, string> = {
    'message.timestamp.type': 'LogAppendTime',
    'cleanup.policy': 'delete',
    'retention.ms': retention === 'forever' ? '-1' : String(retention.days * 86_400_000),
    'retention.bytes': '-1',
    'max.message.bytes': String(batchBytesMax),
    ...(brokers === 1 ? { 'flush.messages': '1' } : {}),
    ...(brokers >= replicasMax ? { 'min.insync.replicas': '2' } : {}),
  };
  return {
    topic,
    numPartitions: partitions,
    replicationFactor: Math.min(brokers, replicasMax),
    configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
  };
}
