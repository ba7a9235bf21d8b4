import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { isoTime } from '../domain/iso-time.ts';
import { formatEntryId } from '../domain/request/request.ts';
import { crossingView } from '../domain/views.ts';
import type { QueryPorts } from '../queries/queries.ts';

const limitMax = 2_000;
const beforeAll = [-1, 0, 0, 0];

/** The blocks of a stretch of periods, for whoever compares them with charges. */
export async function crossingsOf(
  ports: Pick<QueryPorts, 'reader'>,
  query: Parameters<LedgerQueries['crossings']>[0],
): ReturnType<LedgerQueries['crossings']> {
  for (const time of [query.from, query.to])
    if (Number.isNaN(Date.parse(time))) throw new AppError('invalid', 'TIME_OUT_OF_RANGE', 'from and to are times');
  const limit = Math.min(Math.max(query.limit, 1), limitMax);
  const rows = await ports.reader.crossings({ from: query.from, to: query.to, after: placeOf(query.after), limit });
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
