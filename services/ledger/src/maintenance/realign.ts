import { createPool } from '@tollgate/persistence';

import { moveInTopic, placeInTopic } from './postgres/positions.sql.ts';

/**
 * Sets where in the log a halted partition goes on (rule 2); the operator is responsible for the records between. The
 * owner is fenced and claims again. Answers the former position; null: there is no such partition.
 */
export async function realign(options: {
  readonly databaseUrl: string;
  readonly partition: number;
  readonly toOffset: number;
  readonly topicId: string;
}): Promise<{ readonly nextOffset: string; readonly topicId: string | null } | null> {
  const pool = createPool({ url: options.databaseUrl, max: 1, applicationName: 'tollgate-realign' });
  try {
    const {
      rows: [before],
    } = await pool.query<{ next_offset: bigint; topic_id: string | null }>(placeInTopic, [options.partition]);
    if (!before) return null;
    await pool.query(moveInTopic, [options.partition, options.toOffset, options.topicId]);
    return { nextOffset: String(before.next_offset), topicId: before.topic_id };
  } finally {
    await pool.end();
  }
}
