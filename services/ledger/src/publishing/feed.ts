import type { BookedEntry, LedgerQueries, TakenView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { isoTime } from '../domain/iso-time.ts';
import { crossingView, entryView } from '../domain/views.ts';
import type { QueryPorts } from '../queries/queries.ts';
import { type Taken, takenBy } from './domain/taken.ts';

const limitMax = 2_000;

/** The books as a feed: only partitions that are further than the asker are read. */
export async function bookedAfter(
  ports: QueryPorts,
  query: Parameters<LedgerQueries['bookedAfter']>[0],
): ReturnType<LedgerQueries['bookedAfter']> {
  const known = new Map(query.after.map(({ partition, seq }) => [partition, seq]));
  for (const seq of known.values())
    if (!/^[0-9]{1,15}$/.test(seq)) throw new AppError('invalid', 'REQUEST_INVALID', 'seq is a whole number');
  const heads = (await ports.reader.positions()).map(({ partition, last_seq: seq }) => ({ partition, seq }));
  const items: BookedEntry[] = [];
  const limit = Math.min(Math.max(query.limit, 1), limitMax);
  for (const { partition, seq: head } of heads) {
    const from = known.get(partition);
    if (from === undefined || BigInt(from) >= BigInt(head)) continue;
    const read = await ports.reader.after(partition, Number(from), limit - items.length);
    const standings =
      query.taken === true
        ? await ports.reader.standings(
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
