import type { Clock } from '@tollgate/kernel';
import { AppError, wallClock } from '@tollgate/kernel';
import { createPool } from '@tollgate/persistence';
import { type Loop, startPeriodic, within } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import { logUnavailable } from '../append-queue.ts';
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
import type { RecordSource, Taken } from '../partition-worker.ts';
import { Group } from './groups.ts';
import type { PartitionLog } from './partition-log.ts';
import { fromTail } from './partition-log.ts';
import {
  commitOffset,
  committedOffset,
  createTopic,
  describeTopic,
  pruneStored,
  storedPartitions,
  storedRecords,
} from './store.ts';
import { LogWriter } from './writer.ts';

export type EmbeddedLogOptions = {
  /** Address of the database as the log's own role; its schema is `embeddedLogSchema`. */
  readonly url: string;
  /** The platform's clock: what records are stamped with (rule 1). Default: the wall clock. */
  readonly clock?: Clock;
  /** Default 1,500: below the 2 s in which the gateway must answer 503. */
  readonly appendTimeoutMs?: number;
  /** Size of the newest records kept in memory for consumers. Default 16 MiB. */
  readonly tailBytesMax?: number;
  /** Called for every failure that is retried: lost connections, handlers that reject. */
  readonly onTrouble?: (message: string, error: unknown) => void;
};

const readMax = 2_000;
const checkTimeoutMs = 2_000;
const retentionSweepMs = 3_600_000;

/**
 * Opens the log kept in a PostgreSQL table, for one process: an advisory lock excludes every other one.
 * @throws AppError('conflict', LOG_IN_USE) when another process has it open.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EventLog> {
  const log = new EmbeddedLog(options);
  await log.open();
  return log;
}

/**
 * Reads an embedded log that another process may have open, for the operator's tools, and prunes it: that process finds
 * the new start when it opens the log again, and none of its readers is below it (rule 3).
 */
export function readEmbeddedLog(options: {
  readonly url: string;
}): Pick<EventLog, 'read' | 'describe' | 'prune' | 'close'> {
  const pool = createPool({ url: options.url, max: 2, applicationName: 'tollgate-log-reader' });
  return {
    describe: (topic) => describeTopic(pool, topic),
    read: (range) => readStored(pool, range),
    prune: async ({ topic, partition, before }) => {
      const stored = (await storedPartitions(pool, topic)).find((one) => one.partition === partition);
      if (stored === undefined) throw new AppError('not_found', 'LOG_OUT_OF_RANGE', `the log has no topic ${topic}`);
      await pruneStored(pool, { topicNumber: stored.topicNumber, partition, before });
    },
    close: () => pool.end(),
  };
}

class EmbeddedLog implements EventLog {
  readonly #clock: Clock;
  readonly #onTrouble: (message: string, error: unknown) => void;
  readonly #writer: LogWriter;
  readonly #pool: Pool;
  readonly #groups = new Map<string, Group>();
  readonly #sweep: Loop;

  constructor(options: EmbeddedLogOptions) {
    this.#clock = options.clock ?? wallClock;
    this.#onTrouble = options.onTrouble ?? (() => undefined);
    this.#writer = new LogWriter({
      url: options.url,
      clock: this.#clock,
      appendTimeoutMs: options.appendTimeoutMs ?? 1_500,
      tailBytesMax: options.tailBytesMax ?? 16 * 1024 * 1024,
      onTrouble: this.#onTrouble,
    });
    this.#pool = createPool({
      url: options.url,
      max: 4,
      applicationName: 'tollgate-log-reads',
      queryTimeoutMs: 30_000,
    });
    this.#sweep = startPeriodic({
      everyMs: retentionSweepMs,
      work: () => this.#removeExpired(),
      onFailure: (error) => this.#onTrouble('what has expired could not be removed from the log', error),
    });
  }

  async open(): Promise<void> {
    try {
      await this.#writer.open();
    } catch (error) {
      await this.close();
      throw error;
    }
    await this.#removeExpired();
  }

  append(records: readonly OutgoingRecord[]): Promise<readonly Appended[]> {
    return this.#writer.append(records);
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    for (const topic of options.topics) this.#writer.partition(topic, 0);
    const group =
      this.#groups.get(options.group) ??
      new Group(options.group, {
        partitionsOf: (topic) => this.#writer.partitions.get(topic)?.length ?? 0,
        source: (name, where, wake) => this.#source(name, where, wake),
        commit: (name, where, nextOffset) => commitOffset(this.#pool, name, where, nextOffset),
        onFailure: ({ topic, partition, step }, error) =>
          this.#onTrouble(`partition ${partition} of ${topic}: ${step} failed`, error),
      });
    this.#groups.set(options.group, group);
    return group.join(options);
  }

  read(range: { topic: string; partition: number; from: number; to?: number }): AsyncIterable<readonly LogRecord[]> {
    return readStored(this.#pool, range);
  }

  describe(topic: string): Promise<TopicDescription> {
    return describeTopic(this.#pool, topic);
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    for (const spec of specs) await createTopic(this.#pool, spec);
    this.#writer.add(await storedPartitions(this.#pool, null));
  }

  async prune({ topic, partition, before }: { topic: string; partition: number; before: number }): Promise<void> {
    await this.#pruneLog(this.#writer.partition(topic, partition), before);
  }

  async check(): Promise<void> {
    const silent = (cause?: unknown): AppError => logUnavailable('the database of the log does not answer', cause);
    const asked = Promise.all([this.#writer.check(), this.#pool.query('select 1')]);
    await within(checkTimeoutMs - 100, asked, silent).catch((error: unknown) => {
      throw error instanceof AppError ? error : silent(error);
    });
  }

  async close(): Promise<void> {
    await this.#sweep.stop();
    await Promise.all([...this.#groups.values()].map((group) => group.stop()));
    await this.#writer.close();
    await this.#pool.end();
  }

  #source(group: string, where: TopicPartition, wake: () => void): RecordSource {
    const log = this.#writer.partition(where.topic, where.partition);
    return {
      committed: () => committedOffset(this.#pool, group, where),
      from: () => log.waiting.add(wake),
      take: (position, max): Promise<Taken> | Taken => {
        if (position < log.start || position > log.end) return { outside: { start: log.start, end: log.end } };
        if (position === log.end) return [];
        return fromTail(log, position, max) ?? this.#fromTable(log, position, max, wake);
      },
      end: () => log.waiting.delete(wake),
    };
  }

  async #fromTable(log: PartitionLog, from: number, max: number, wake: () => void): Promise<readonly LogRecord[]> {
    const { topicNumber, partition } = log;
    const records = await storedRecords(this.#pool, { topicNumber, partition, from, max });
    // Pruned or replaced while it was read: look at the bounds again.
    if (records.length === 0) wake();
    return records;
  }

  async #removeExpired(): Promise<void> {
    try {
      for (const { topic, partition, retentionDays } of await storedPartitions(this.#pool, null)) {
        if (retentionDays === null) continue;
        const log = this.#writer.partition(topic, partition);
        await this.#pruneLog(log, log.end, this.#clock.nowMs() - retentionDays * 86_400_000);
      }
    } catch (error) {
      this.#onTrouble('records past their retention were not removed', error);
    }
  }

  async #pruneLog(log: PartitionLog, before: number, olderThanMs?: number): Promise<void> {
    const { topicNumber, partition } = log;
    const start = await pruneStored(this.#pool, {
      topicNumber,
      partition,
      before,
      ...(olderThanMs === undefined ? {} : { olderThanMs }),
    });
    if (start !== undefined) log.start = Math.max(log.start, start);
  }
}

async function* readStored(
  pool: Pool,
  range: { readonly topic: string; readonly partition: number; readonly from: number; readonly to?: number },
): AsyncGenerator<readonly LogRecord[]> {
  const stored = (await storedPartitions(pool, range.topic)).find(({ partition }) => partition === range.partition);
  if (stored === undefined || range.from < stored.start || range.from > stored.end) {
    throw new AppError(
      'not_found',
      'LOG_OUT_OF_RANGE',
      `the log does not hold offset ${range.from} of ${range.topic}/${range.partition}`,
      stored === undefined ? {} : { start: stored.start, end: stored.end },
    );
  }
  const to = Math.min(range.to ?? stored.end, stored.end);
  const { topicNumber, partition } = stored;
  const readFrom = (from: number): Promise<readonly LogRecord[]> =>
    from < to
      ? storedRecords(pool, { topicNumber, partition, from, max: Math.min(readMax, to - from) })
      : Promise.resolve([]);
  let next = readFrom(range.from);
  for (let from = range.from; from < to;) {
    const records = await next;
    if (records.length === 0)
      throw new AppError('not_found', 'LOG_OUT_OF_RANGE', `offset ${from} was removed while it was read`);
    from += records.length;
    // The next read is under way while the caller works on this one.
    next = readFrom(from);
    next.catch(() => undefined);
    yield records;
  }
}
