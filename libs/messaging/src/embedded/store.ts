import { AppError } from '@tollgate/kernel';
import { copyOut } from '@tollgate/persistence';
import type { ClientBase, Pool } from 'pg';

import type { LogRecord, TopicDescription, TopicPartition, TopicSpec } from '../event-log.ts';
import { decodeBlob } from './blob.ts';

/** A partition as the database has it. */
export type StoredPartition = {
  readonly topic: string;
  readonly topicNumber: number;
  readonly topicId: string;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly lastMs: number;
  readonly retentionDays: number | null;
};

type Row = Record<string, unknown>;

const partitionsSql = `
select t.topic, t.id, t.topic_id::text as topic_id, t.retention_days, p.partition, p.start_offset::text as start_offset,
  greatest(p.start_offset, coalesce(b.first_offset + b.records, 0))::text as end_offset,
  greatest(p.pruned_time_ms, coalesce(b.time_ms, 0))::text as last_ms
from log.topics t join log.partitions p on p.topic = t.id
left join lateral (select first_offset, records, time_ms from log.batches
  where topic = p.topic and partition = p.partition order by first_offset desc limit 1) b on true
where $1::text is null or t.topic = $1
order by t.id, p.partition`;

/** All partitions (of one topic) with their bounds, of one snapshot. */
export async function storedPartitions(
  db: ClientBase | Pool,
  topic: string | null,
): Promise<readonly StoredPartition[]> {
  const { rows } = await db.query<Row>(partitionsSql, [topic]);
  return rows.map((row) => ({
    topic: String(row['topic']),
    topicNumber: Number(row['id']),
    topicId: String(row['topic_id']),
    partition: Number(row['partition']),
    start: Number(row['start_offset']),
    end: Number(row['end_offset']),
    lastMs: Number(row['last_ms']),
    retentionDays: row['retention_days'] === null ? null : Number(row['retention_days']),
  }));
}

/** @throws AppError('not_found', LOG_OUT_OF_RANGE) when there is no such topic. */
export async function describeTopic(db: Pool, topic: string): Promise<TopicDescription> {
  const stored = await storedPartitions(db, topic);
  const [first] = stored;
  if (first === undefined) throw new AppError('not_found', 'LOG_OUT_OF_RANGE', `the log has no topic ${topic}`);
  return { topicId: first.topicId, partitions: stored.map(({ partition, start, end }) => ({ partition, start, end })) };
}

/** One statement, so that a topic is never seen without its partitions. */
const createTopicSql = `
with made as (insert into log.topics (topic, partitions, retention_days) values ($1, $2, $3)
  on conflict (topic) do nothing returning id, partitions)
insert into log.partitions (topic, partition) select id, generate_series(0, partitions - 1) from made`;

export async function createTopic(db: Pool, spec: TopicSpec): Promise<void> {
  await db.query(createTopicSql, [
    spec.topic,
    spec.partitions,
    spec.retention === 'forever' ? null : spec.retention.days,
  ]);
}

/** Offsets have no gaps, so a range of offsets bounds the number of records read. */
const readSql = ({ topicNumber, partition, from, max }: StoredRange): string => `
select first_offset, time_ms, body from log.batches
where topic = ${topicNumber} and partition = ${partition} and first_offset < ${from + max} and first_offset >= coalesce(
  (select max(first_offset) from log.batches where topic = ${topicNumber} and partition = ${partition}
    and first_offset <= ${from}), ${from})
order by batches.first_offset`;

type StoredRange = {
  readonly topicNumber: number;
  readonly partition: number;
  readonly from: number;
  readonly max: number;
};

/**
 * Committed records from `from`, at most `max`; empty when the log has none there. Bodies come as bytes, not as
 * hexadecimal text.
 */
export async function storedRecords(db: Pool, range: StoredRange): Promise<readonly LogRecord[]> {
  const { from, max } = range;
  const client = await db.connect();
  let lost: Error | undefined;
  try {
    const rows = await copyOut(client, readSql(range));
    const records: LogRecord[] = [];
    while (rows.next()) {
      const [firstOffset, timeMs] = [rows.int8(), rows.int8()];
      for (const record of decodeBlob(rows.bytes(), firstOffset, timeMs)) {
        if (record.offset >= from && records.length < max) records.push(record);
      }
    }
    return records[0]?.offset === from ? records : [];
  } catch (error) {
    // Does not wait for statements under way on the connection.
    lost = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(lost);
  }
}

const pruneSql = `
with gone as (delete from log.batches where topic = $1 and partition = $2 and first_offset + records <= $3
  and time_ms < $4
  returning first_offset + records as next_offset, time_ms)
update log.partitions p set start_offset = greatest(p.start_offset, g.next_offset),
  pruned_time_ms = greatest(p.pruned_time_ms, g.time_ms)
from (select max(next_offset) as next_offset, max(time_ms) as time_ms from gone) g
where p.topic = $1 and p.partition = $2 and g.next_offset is not null
returning p.start_offset::text as start_offset`;

/** Removes the batches wholly below `before` and older than `olderThanMs`; answers the new start when it moved. */
export async function pruneStored(
  db: Pool,
  range: {
    readonly topicNumber: number;
    readonly partition: number;
    readonly before: number;
    readonly olderThanMs?: number;
  },
): Promise<number | undefined> {
  const values = [range.topicNumber, range.partition, range.before, range.olderThanMs ?? Number.MAX_SAFE_INTEGER];
  const { rows } = await db.query<Row>(pruneSql, values);
  return rows[0] === undefined ? undefined : Number(rows[0]['start_offset']);
}

/** The group's committed offset, 0 when it has none. */
export async function committedOffset(db: Pool, group: string, { topic, partition }: TopicPartition): Promise<number> {
  const { rows } = await db.query<Row>(
    `select next_offset::text as next_offset from log.commits
     where consumer_group = $1 and topic = (select id from log.topics where topic = $2) and partition = $3`,
    [group, topic, partition],
  );
  return Number(rows[0]?.['next_offset'] ?? 0);
}

export async function commitOffset(
  db: Pool,
  group: string,
  { topic, partition }: TopicPartition,
  nextOffset: number,
): Promise<void> {
  await db.query(
    `insert into log.commits (consumer_group, topic, partition, next_offset)
     select $1, id, $3, $4 from log.topics where topic = $2
     on conflict (consumer_group, topic, partition) do update set next_offset = excluded.next_offset`,
    [group, topic, partition, nextOffset],
  );
}
