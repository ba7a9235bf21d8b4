import { createPool } from '@tollgate/persistence';

import type { PublishedTopic } from '../publishing/outbox.ts';
import { published } from '../publishing/outbox.ts';

/** How far a partition was booked when a backup began. */
export type BookedPosition = { readonly partition: number; readonly next_offset: string };
/** The first offset of the log of requests that a partition still needs, and whose need that is. */
export type NeededFrom = {
  readonly partition: number;
  readonly before: number;
  readonly because: 'backup' | 'position' | 'publisher' | 'sealer';
};

/** How far every partition is booked. Read before a backup begins, it names no record that the backup may lack. */
export async function bookedPositions(options: { readonly databaseUrl: string }): Promise<readonly BookedPosition[]> {
  const pool = createPool({ url: options.databaseUrl, max: 1, applicationName: 'tollgate-positions' });
  try {
    const { rows } = await pool.query<{ partition: number; next_offset: bigint }>(
      'select partition, next_offset from ledger.positions order by partition',
    );
    return rows.map(({ partition, next_offset: next }) => ({ partition, next_offset: String(next) }));
  } finally {
    await pool.end();
  }
}

/**
 * Offsets of the first record that is booked and not yet sealed, and not yet published; null where there is none.
 * Offsets grow with the numbers of entries, so the first entry that waits is enough.
 */
const needs = `
select p.partition, p.next_offset, p.log_base,
  (select log_offset from ledger.entries e where e.partition = p.partition
     and e.partition_seq > coalesce((select max(to_seq) from ledger.seals s where s.partition = p.partition), 0)
   order by partition_seq limit 1) as unsealed,
  least(
    (select log_offset from ledger.entries e where $1 and e.partition = p.partition
      and e.partition_seq > coalesce(entries.published_through, 0)
     order by partition_seq limit 1),
    (select e.log_offset from ledger.crossings c join ledger.entries e using (partition, partition_seq)
      where c.partition = p.partition and c.partition_seq > coalesce(crossings.published_through, 0)
     order by partition_seq limit 1),
    (select e.log_offset from ledger.block_changes c join ledger.entries e using (partition, partition_seq)
      where c.partition = p.partition and c.partition_seq > coalesce(crossings.published_through, 0)
     order by partition_seq limit 1),
    (select log_offset from ledger.dead_letters d where d.partition = p.partition
      and d.log_offset > coalesce(letters.published_through, -1)
     order by log_offset limit 1)
  ) as unpublished
from ledger.positions p
left join ledger.publications entries on entries.partition = p.partition and entries.topic = $2
left join ledger.publications crossings on crossings.partition = p.partition and crossings.topic = $3
left join ledger.publications letters on letters.partition = p.partition and letters.topic = $4
order by p.partition`;

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
  // A partition that the backup does not name was never booked in it: all of it is needed.
  if (backup !== null) lower(backup.get(row.partition) ?? 0, 'backup');
  return {
    partition: row.partition,
    because: need.because,
    before: Math.max(0, need.before - Number(row.log_base) - 1),
  };
}
