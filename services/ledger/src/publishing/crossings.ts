import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import type { Crossing } from '../domain/entry.ts';
import { isoTime } from '../domain/iso-time.ts';
import type { EntryId } from '../domain/request/ids.ts';
import { formatEntryId } from '../domain/request/ids.ts';
import { crossingView } from '../domain/views.ts';

export interface CrossingReads {
  /**
   * Blocks of periods that start in [from, to), after a place (partition, account, start of the period in ms, block).
   */
  crossings(page: {
    readonly from: string;
    readonly to: string;
    readonly after: readonly number[];
    readonly limit: number;
  }): Promise<
    readonly {
      readonly account: string;
      readonly crossing: Crossing;
      readonly id: EntryId;
      readonly recordedMs: number;
      readonly place: readonly number[];
    }[]
  >;
}

const limitMax = 2_000;
const beforeAll = [-1, 0, 0, 0];

/** The blocks of a stretch of periods, to be compared with charges. */
export async function crossingsOf(
  reads: CrossingReads,
  query: Parameters<LedgerQueries['crossings']>[0],
): ReturnType<LedgerQueries['crossings']> {
  for (const time of [query.from, query.to])
    if (Number.isNaN(Date.parse(time))) throw new AppError('invalid', 'TIME_OUT_OF_RANGE', 'from and to are times');
  const limit = Math.min(Math.max(query.limit, 1), limitMax);
  const rows = await reads.crossings({ from: query.from, to: query.to, after: placeOf(query.after), limit });
  return {
    items: rows.map(({ account, crossing, id, recordedMs }) => ({
      ...crossingView(crossing),
      account,
      entry: formatEntryId(id),
      recorded_at: isoTime(recordedMs),
    })),
    next: rows.length === limit ? (rows.at(-1)?.place.join(':') ?? null) : null,
  };
}

function placeOf(cursor: string | undefined): readonly number[] {
  if (cursor === undefined) return beforeAll;
  if (!/^[0-9]{1,5}:[0-9]{1,9}:[0-9]{1,15}:[0-9]{1,15}$/.test(cursor))
    throw new AppError('invalid', 'REQUEST_INVALID', 'after is not a cursor of this list');
  return cursor.split(':').map(Number);
}
