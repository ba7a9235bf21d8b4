import type { AccountSettings } from '@tollgate/contracts';
import type { Pool } from 'pg';

import type { Entry } from '../../domain/entry.ts';
import { fromRowSettings } from '../../postgres/account-row.ts';
import type { LimitCountTuple } from '../../postgres/limit-counts-row.ts';
import { fromRowLimitCounts } from '../../postgres/limit-counts-row.ts';
import type { Standing } from '../domain/taken.ts';
import { standings } from './standings.sql.ts';

type Row = {
  readonly account: number;
  readonly seq: bigint;
  readonly settings: AccountSettings | null;
  readonly settings_before: AccountSettings | null;
  readonly counts: readonly LimitCountTuple[] | null;
  readonly counts_before: readonly LimitCountTuple[] | null;
  readonly topped_up: bigint | null;
  readonly topped_up_before: bigint | null;
  readonly balance_after: bigint | null;
  readonly held_after: bigint | null;
  readonly used_after: bigint | null;
  readonly period_start: Date | null;
};

/** See `FeedReads.standings`. */
export async function readStandings(
  pool: Pool,
  partition: number,
  entries: readonly Entry[],
): Promise<readonly { readonly before: Standing | null; readonly after: Standing }[]> {
  const values = [partition, entries.map(({ ref }) => ref), entries.map(({ seq }) => seq)];
  const { rows } = await pool.query<Row>({ name: 'standings', text: standings, values });
  const byPlace = new Map(rows.map((row) => [`${row.account} ${row.seq}`, row]));
  return entries.map((entry) => {
    const row = byPlace.get(`${entry.ref} ${entry.seq}`);
    const { balanceAfter, heldAfter, usedAfter, periodStartMs } = entry;
    const after = {
      balanceAfter,
      heldAfter,
      usedAfter,
      periodStartMs,
      settings: fromRowSettings(row?.settings ?? {}),
      limitCounts: fromRowLimitCounts(row?.counts ?? []),
      toppedUp: row?.topped_up ?? null,
    };
    return { after, before: row ? beforeOf(row) : null };
  });
}

function beforeOf(row: Row): Standing | null {
  const { balance_after: balanceAfter, held_after: heldAfter, used_after: usedAfter, settings_before: settings } = row;
  if (balanceAfter === null || heldAfter === null || usedAfter === null || settings === null) return null;
  return {
    balanceAfter,
    heldAfter,
    usedAfter,
    periodStartMs: row.period_start?.getTime() ?? null,
    settings: fromRowSettings(settings),
    limitCounts: fromRowLimitCounts(row.counts_before ?? []),
    toppedUp: row.topped_up_before,
  };
}
