import type { Pool } from 'pg';

import type { Entry } from '../../domain/entry.ts';
import type { CrossingRow } from '../../postgres/crossing-row.ts';
import { fromRowCrossing } from '../../postgres/crossing-row.ts';
import { entriesInOrder } from '../../postgres/entries.sql.ts';
import type { EntryRow } from '../../postgres/entry-row.ts';
import { fromRowEntry } from '../../postgres/entry-row.ts';
import type { CrossingReads } from '../crossings.ts';
import type { FeedReads } from '../feed.ts';
import { allPositions, crossingsBetween, crossingsPage } from './feed.sql.ts';
import { readStandings } from './standings.ts';

export class PostgresFeedReads implements FeedReads, CrossingReads {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async after(partition: number, seq: number, limit: number): ReturnType<FeedReads['after']> {
    const { rows } = await this.#pool.query<EntryRow>({
      name: 'entries-in-order',
      text: entriesInOrder,
      values: [partition, seq, limit],
    });
    const entries = rows.map(fromRowEntry);
    const values = [partition, seq, entries.at(-1)?.partitionSeq ?? seq];
    const crossed = await this.#pool.query<CrossingRow & { id: string; partition_seq: bigint }>({
      name: 'crossings-between',
      text: crossingsBetween,
      values,
    });
    return entries.map((entry) => ({
      entry,
      crossings: crossed.rows
        .filter((row) => Number(row.partition_seq) === entry.partitionSeq)
        .map((row) => fromRowCrossing(row.id, row)),
    }));
  }

  standings(partition: number, entries: readonly Entry[]): ReturnType<FeedReads['standings']> {
    return readStandings(this.#pool, partition, entries);
  }

  async crossings({
    from,
    to,
    after,
    limit,
  }: Parameters<CrossingReads['crossings']>[0]): ReturnType<CrossingReads['crossings']> {
    type Row = CrossingRow & {
      id: string;
      partition: number;
      account: number;
      partition_seq: bigint;
      recorded_at: Date;
      start_ms: bigint;
    };
    const { rows } = await this.#pool.query<Row>({
      name: 'crossings-page',
      text: crossingsPage,
      values: [from, to, ...after, limit],
    });
    return rows.map((row) => ({
      account: row.id,
      crossing: fromRowCrossing(row.id, row),
      id: { partition: row.partition, seq: Number(row.partition_seq) },
      recordedMs: row.recorded_at.getTime(),
      place: [row.partition, row.account, Number(row.start_ms), Number(row.block)],
    }));
  }

  async positions(): ReturnType<FeedReads['positions']> {
    const { rows } = await this.#pool.query<{
      partition: number;
      epoch: bigint;
      next_offset: bigint;
      last_seq: bigint;
      halted: string | null;
    }>(allPositions);
    return rows.map((row) => ({
      partition: row.partition,
      epoch: String(row.epoch),
      next_offset: String(row.next_offset),
      last_seq: String(row.last_seq),
      ...(row.halted === null ? {} : { reason: row.halted }),
    }));
  }
}
