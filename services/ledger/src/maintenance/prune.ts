import { createPool } from '@tollgate/persistence';

import type { PublishedTopic } from '../publishing/outbox.ts';
import { published } from '../publishing/outbox.ts';
import { allBookedThrough } from './postgres/positions.sql.ts';
import { needs } from './postgres/prune.sql.ts';

/** How far a partition was booked when a backup began. */
export type BookedPosition = { readonly partition: number; readonly next_offset: string };
/** The first offset of the log of requests that is still needed, and what needs it. */
export type NeededFrom = {
  readonly partition: number;
  readonly before: number;
  readonly because: 'backup' | 'position' | 'publisher' | 'sealer';
};

/**
 * How far every partition is booked. Read it before a backup begins, so that the backup contains every record below.
 */
export async function bookedPositions(options: { readonly databaseUrl: string }): Promise<readonly BookedPosition[]> {
  const pool = createPool({ url: options.databaseUrl, max: 1, applicationName: 'tollgate-positions' });
  try {
    const { rows } = await pool.query<{ partition: number; next_offset: bigint }>(allBookedThrough);
    return rows.map(({ partition, next_offset: next }) => ({ partition, next_offset: String(next) }));
  } finally {
    await pool.end();
  }
}

type NeedsRow = {
  partition: number;
  next_offset: bigint;
  log_base: bigint;
  unsealed: bigint | null;
  unpublished: bigint | null;
};

/**
 * What may be removed of the log of requests (rule 3): all below the booked position of the oldest backup that one may
 * restore (`backup`; null: none will ever be), the publisher, the sealer, and the books themselves. The record before
 * is kept too: a partition is taken over by comparing it (rule 2).
 */
export async function neededFrom(options: {
  /** Of the role `tollgate_ledger`. */
  readonly databaseUrl: string;
  readonly backup: readonly BookedPosition[] | null;
  /** Whether entries go to a topic (on Kafka). */
  readonly publishesEntries: boolean;
}): Promise<readonly NeededFrom[]> {
  const topics: readonly PublishedTopic[] = [published.entries, published.crossings, published.deadLetters];
  const pool = createPool({ url: options.databaseUrl, max: 1, applicationName: 'tollgate-prune' });
  try {
    const { rows } = await pool.query<NeedsRow>(needs, [options.publishesEntries, ...topics]);
    const backup =
      options.backup && new Map(options.backup.map(({ partition, next_offset: next }) => [partition, Number(next)]));
    return rows.map((row) => needOf(row, backup));
  } finally {
    await pool.end();
  }
}

function needOf(row: NeedsRow, backup: ReadonlyMap<number, number> | null): NeededFrom {
  let need: Omit<NeededFrom, 'partition'> = { before: Number(row.next_offset), because: 'position' };
  const lower = (before: number, because: NeededFrom['because']): void => {
    if (before < need.before) need = { before, because };
  };
  if (row.unsealed !== null) lower(Number(row.unsealed), 'sealer');
  if (row.unpublished !== null) lower(Number(row.unpublished), 'publisher');
  // A partition missing from the backup was not booked then: its whole log is needed.
  if (backup !== null) lower(backup.get(row.partition) ?? 0, 'backup');
  return {
    partition: row.partition,
    because: need.because,
    before: Math.max(0, need.before - Number(row.log_base) - 1),
  };
}
