import { topics } from '@tollgate/contracts';
import type { Pool } from 'pg';

import type { KnownEnd } from '../verify-partition.ts';
import { knownEnd } from './fold-books.sql.ts';
import { partitionsSealed } from './positions.sql.ts';

/** Partitions with a position or with seals, in order. */
export async function sealedPartitions(pool: Pool): Promise<readonly number[]> {
  const { rows } = await pool.query<{ partition: number }>(partitionsSealed);
  return rows.map(({ partition }) => partition);
}

/** How far a partition must reach. `hasPosition` false: its position is missing. */
export async function knownEndOf(pool: Pool, partition: number): Promise<KnownEnd & { readonly hasPosition: boolean }> {
  type Row = { readonly last_seq: bigint | null; readonly through: bigint | null };
  const {
    rows: [end],
  } = await pool.query<Row>(knownEnd, [partition, topics.ledgerSeals]);
  const lastSeq = end?.last_seq ?? null;
  return { lastSeq: Number(lastSeq ?? 0n), sealsPublished: Number(end?.through ?? 0n), hasPosition: lastSeq !== null };
}
