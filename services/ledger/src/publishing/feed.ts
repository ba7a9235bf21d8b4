import type { BookedEntry, LedgerQueries, PartitionView, TakenView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import type { Crossing, Entry } from '../domain/entry.ts';
import { isoTime } from '../domain/iso-time.ts';
import { crossingView, entryView } from '../domain/views.ts';
import { type Standing, type Taken, takenBy } from './domain/taken.ts';

export interface FeedReads {
  /** Entries after a place of a partition, in order, and the crossings of the stretch. */
  after(
    partition: number,
    seq: number,
    limit: number,
  ): Promise<readonly { readonly entry: Entry; readonly crossings: readonly Crossing[] }[]>;
  /** How the accounts of entries of one partition stood after each and before it, in the order asked. */
  standings(
    partition: number,
    entries: readonly Entry[],
  ): Promise<readonly { readonly before: Standing | null; readonly after: Standing }[]>;
  positions(): Promise<readonly Pick<PartitionView, 'partition' | 'epoch' | 'next_offset' | 'last_seq' | 'reason'>[]>;
}

const limitMax = 2_000;

/** Entries after the reader's place in each partition; only partitions that have more are read. */
export async function bookedAfter(
  reads: FeedReads,
  query: Parameters<LedgerQueries['bookedAfter']>[0],
): ReturnType<LedgerQueries['bookedAfter']> {
  const known = new Map(query.after.map(({ partition, seq }) => [partition, seq]));
  for (const seq of known.values())
    if (!/^[0-9]{1,15}$/.test(seq)) throw new AppError('invalid', 'REQUEST_INVALID', 'seq is a whole number');
  const heads = (await reads.positions()).map(({ partition, last_seq: seq }) => ({ partition, seq }));
  const items: BookedEntry[] = [];
  const limit = Math.min(Math.max(query.limit, 1), limitMax);
  for (const { partition, seq: head } of heads) {
    const from = known.get(partition);
    if (from === undefined || BigInt(from) >= BigInt(head)) continue;
    const read = await reads.after(partition, Number(from), limit - items.length);
    const standings =
      query.taken === true
        ? await reads.standings(
            partition,
            read.map(({ entry }) => entry),
          )
        : [];
    for (const [index, { entry, crossings }] of read.entries()) {
      const { details: _, ...shown } = entryView(partition, entry);
      const standing = standings[index];
      const taken = standing && takenBy(entry.accountKind, entry.recordedMs, standing).map(takenView);
      items.push({
        partition,
        partition_seq: String(entry.partitionSeq),
        entry: shown,
        crossings: crossings.map(crossingView),
        ...(taken ? { taken } : {}),
      });
    }
    if (items.length >= limit) break;
  }
  return { items, heads };
}

const takenView = ({ of, whole, before, after, periodStartMs, period, model }: Taken): TakenView => ({
  of,
  whole: String(whole),
  before: String(before),
  after: String(after),
  period_start: periodStartMs === null ? null : isoTime(periodStartMs),
  ...(period === undefined ? {} : { period }),
  ...(model === undefined ? {} : { model }),
});
