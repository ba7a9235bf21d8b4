import { AppError } from '@tollgate/kernel';
import type { TopicDescription } from '@tollgate/messaging';
import { createPool } from '@tollgate/persistence';

import { lockPositions, moveToTopic, publishAgain } from './postgres/positions.sql.ts';

export type MoveOptions = {
  /** Of the role `tollgate_ledger`. While this runs, nothing may append and no ledger may run. */
  readonly databaseUrl: string;
  /** The topic of requests that was booked so far. */
  readonly from: TopicDescription;
  /** The topic to go on with: another one, with as many partitions, empty. */
  readonly to: TopicDescription;
};

type Row = { partition: number; topic_id: string | null; booked: bigint };

/**
 * Moves the books to another log (rule 4): the old one is drained, and booking goes on at offset 0 of an empty topic
 * with an id of its own. What the ledger published is published again there; consumers ignore what they know (rule 25).
 * All partitions move or none. Answers how many records were booked until now.
 * @throws AppError('conflict', LOG_NOT_MOVABLE) with the reason; nothing has changed then.
 */
export async function moveLog({
  databaseUrl,
  from,
  to,
}: MoveOptions): Promise<{ readonly partitions: number; readonly records: number }> {
  const pool = createPool({ url: databaseUrl, max: 1, applicationName: 'tollgate-move-log' });
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query<Row>(lockPositions);
    refuseUnless(rows, from, to);
    await client.query(moveToTopic, [to.topicId]);
    await client.query(publishAgain);
    await client.query('commit');
    return { partitions: rows.length, records: rows.reduce((sum, { booked }) => sum + Number(booked), 0) };
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
    await pool.end();
  }
}

function refuseUnless(rows: readonly Row[], from: TopicDescription, to: TopicDescription): void {
  const refuse = (why: string): never => {
    throw new AppError('conflict', 'LOG_NOT_MOVABLE', why);
  };
  if (rows.length === 0) refuse('the books are empty: start on the other log, there is nothing to move');
  if (to.partitions.length !== rows.length)
    refuse(`the books have ${rows.length} partitions, the topic to move to has ${to.partitions.length}`);
  const filled = to.partitions.filter(({ start, end }) => start !== 0 || end !== 0);
  if (filled.length > 0) refuse(`the topic to move to is not empty: partition ${filled[0]?.partition} holds records`);
  const foreign = rows.filter(({ topic_id: topicId }) => topicId !== null && topicId !== from.topicId);
  if (foreign.length > 0)
    refuse(`partition ${foreign[0]?.partition} was booked from another topic than the one to leave`);
  const ends = new Map(from.partitions.map(({ partition, end }) => [partition, end]));
  const behind = rows.filter(({ partition, booked }) => Number(booked) !== ends.get(partition));
  const [first] = behind;
  if (first) {
    refuse(
      `${behind.length} partitions are not drained: partition ${first.partition} is booked up to ` +
        `${first.booked}, its log ends at ${ends.get(first.partition)}`,
    );
  }
}
