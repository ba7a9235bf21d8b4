import type { KnownEvent, LedgerQueries } from '@tollgate/contracts';
import { AppError, partitionOf } from '@tollgate/kernel';

import type { Entry, EntryKind } from '../domain/entry.ts';
import { entryKinds } from '../domain/entry.ts';
import type { EntryId, HoldId } from '../domain/request/ids.ts';
import { parseEntryId, parseHoldId } from '../domain/request/ids.ts';
import { entryView } from '../domain/views.ts';
import type { QueryPorts } from './ports.ts';

const isEntryKind = (name: string): name is EntryKind => Object.hasOwn(entryKinds, name);

export async function entriesPage(
  ports: QueryPorts,
  query: Parameters<LedgerQueries['entries']>[0],
): ReturnType<LedgerQueries['entries']> {
  const partition = partitionOf(query.account, ports.partitions);
  const beforeSeq = query.after === undefined ? Number.MAX_SAFE_INTEGER : Number(query.after);
  if (!Number.isSafeInteger(beforeSeq) || beforeSeq < 0)
    throw new AppError('invalid', 'REQUEST_INVALID', 'after is not a cursor of this list');
  const page = await ports.reads.entries.entries({
    partition,
    account: query.account,
    beforeSeq,
    limit: query.limit,
    total: query.kinds !== undefined,
    byUse: query.by === 'use',
    ...(query.from === undefined ? {} : { from: query.from }),
    ...(query.to === undefined ? {} : { to: query.to }),
    ...(query.kinds === undefined ? {} : { kinds: query.kinds.filter(isEntryKind) }),
    ...(query.from_seq === undefined ? {} : { fromSeq: Number(query.from_seq) }),
  });
  if (!page) return null;
  const last = page.items.at(-1);
  return {
    items: page.items.map((entry) => entryView(partition, entry)),
    next: page.items.length === query.limit && last && last.seq > 1 ? String(last.seq) : null,
    ...(page.total === undefined ? {} : { total: page.total }),
  };
}

/** `<partition>-<number>`, as entries and dead letters are named. */
export function idOrNull(text: string, partitions: number): EntryId | null {
  try {
    const id = parseEntryId(text);
    return id.partition < partitions ? id : null;
  } catch {
    return null;
  }
}

export function holdOrNull(text: string, partitions: number): HoldId | null {
  try {
    const id = parseHoldId(text);
    return id.partition < partitions ? id : null;
  } catch {
    return null;
  }
}

/** The entry with this id; null: there is none. */
export async function entryOrNull(ports: QueryPorts, text: string): Promise<{ id: EntryId; entry: Entry } | null> {
  const id = idOrNull(text, ports.partitions);
  const entry = id && (await ports.reads.entries.entry(id));
  return id && entry && { id, entry };
}

/** An event's source is booked as `ce:<source>`. */
export async function knownEvents(
  ports: QueryPorts,
  { events }: Parameters<LedgerQueries['known']>[0],
): ReturnType<LedgerQueries['known']> {
  const found = events.map((): KnownEvent => 'unknown');
  const byPartition = Map.groupBy(
    events.map((event, at) => ({ ...event, source: `ce:${event.source}`, at })),
    ({ account: id }) => partitionOf(id, ports.partitions),
  );
  for (const [partition, asked] of byPartition) {
    for (const { place, hash } of await ports.reads.entries.booked(partition, asked)) {
      const event = asked[place];
      if (event)
        found[event.at] = event.hash === undefined || hash === null || event.hash === hash ? 'booked' : 'reused';
    }
  }
  return found;
}
