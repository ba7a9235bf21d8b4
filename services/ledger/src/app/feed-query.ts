import type { BookedEntry, LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { crossingView, entryView } from '../domain/views.ts';
import type { QueryPorts } from './queries.ts';

const limitMax = 2_000;

/** The books as a feed: only partitions that are further than the asker are read. */
export async function bookedAfter(ports: QueryPorts, query: Parameters<LedgerQueries['bookedAfter']>[0]): ReturnType<LedgerQueries['bookedAfter']> {
  const known = new Map(query.after.map(({ partition, seq }) => [partition, seq]));
  for (const seq of known.values()) if (!/^[0-9]{1,15}$/.test(seq)) throw new AppError('invalid', 'REQUEST_INVALID', 'seq is a whole number');
  const heads = (await ports.reader.positions()).map(({ partition, last_seq: seq }) => ({ partition, seq }));
  const items: BookedEntry[] = [];
  const limit = Math.min(Math.max(query.limit, 1), limitMax);
  for (const { partition, seq: head } of heads) {
    const from = known.get(partition);
    if (from === undefined || BigInt(from) >= BigInt(head)) continue;
    for (const { entry, crossings } of await ports.reader.after(partition, Number(from), limit - items.length)) {
      const { details: _, ...shown } = entryView(partition, entry);
      items.push({ partition, partition_seq: String(entry.partitionSeq), entry: shown, crossings: crossings.map(crossingView) });
    }
    if (items.length >= limit) break;
  }
  return { items, heads };
}
