import type { LedgerQueries, LimitRefusal, RefusalView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { Pool } from 'pg';

import type { RefusalReads } from '../reads.ts';
import { refusalsPage } from './refusals-page.sql.ts';

type Row = {
  readonly account: string;
  readonly source: string;
  readonly request_id: string;
  readonly type: string;
  readonly code: string;
  readonly detail: string;
  readonly bound: LimitRefusal | null;
  readonly correlation: string | null;
  readonly refused_at: Date;
  readonly count: number;
  readonly answered: boolean;
  readonly place: string;
};

/** A page of `LedgerQueries.refusals`. @throws AppError('invalid', REQUEST_INVALID) for what is no cursor of it. */
export async function readRefusals(
  pool: Pool,
  page: Parameters<RefusalReads['refusals']>[0],
): ReturnType<LedgerQueries['refusals']> {
  const { partition, account = null, under = false, code = null, after, limit } = page;
  const [ms, place] = after === undefined ? [null, null] : placeOf(after);
  const { rows } = await pool.query<Row>({
    name: 'refusals',
    text: refusalsPage,
    values: [partition, account, under, code, ms, place, limit],
  });
  const last = rows.at(-1);
  return {
    items: rows.map(shown),
    next: last && rows.length === limit ? `${last.refused_at.getTime()}-${last.place}` : null,
  };
}

function placeOf(cursor: string): readonly [ms: string, place: string] {
  const [, ms, place] = /^([0-9]{1,15})-([ab][0-9]{19,24})$/.exec(cursor) ?? [];
  if (ms === undefined || place === undefined)
    throw new AppError('invalid', 'REQUEST_INVALID', 'after is not a cursor of this list');
  return [ms, place];
}

function shown({ bound, correlation, refused_at: at, place: _, ...row }: Row): RefusalView {
  const { account, limit, period, model, asked, available, resets_at: resetsAt } = bound ?? {};
  return {
    account: row.account,
    refused_at: at.toISOString(),
    code: row.code,
    detail: row.detail,
    ...(account === undefined
      ? {}
      : {
          limit: {
            account,
            ...(limit === undefined ? {} : { limit }),
            ...(period === undefined ? {} : { period }),
            ...(model === undefined ? {} : { model }),
          },
        }),
    ...(asked === undefined ? {} : { asked }),
    ...(available === undefined ? {} : { available }),
    ...(resetsAt === undefined ? {} : { resets_at: resetsAt }),
    source: row.source,
    request_id: row.request_id,
    type: row.type,
    ...(correlation === null ? {} : { correlation_id: correlation }),
    answered: row.answered,
    count: row.count,
  };
}
