import type { AccountSettings, AccountStatus } from '@tollgate/contracts';
import type pg from 'pg';
import type { HoldOutcome, Entry } from '../../domain/entry.ts';
import { fromRowSettings } from './account-row.ts';
import type { EntryRow } from './entry-row.ts';
import { fromRowEntry } from './entry-row.ts';
import { countersBeside, holdsBeside, lotsBeside, openedBeside, termsBeside } from './sql/fold-books.sql.ts';
import { entriesInOrder } from './sql/read-books.sql.ts';

type Queryable = Pick<pg.ClientBase, 'query'>;
const readMax = 5_000;

/** The entries of a partition in order, each with the version rows beside it: all that `evolve` needs to fold them again. */
export async function* entriesWithRows(client: Queryable, partition: number): AsyncGenerator<readonly Entry[]> {
  for (let after = 0; ;) {
    const { rows } = await client.query<EntryRow>(entriesInOrder, [partition, after, readMax]);
    const last = rows.at(-1);
    if (!last) return;
    const range = [partition, after, last.partition_seq];
    const beside = await rowsBeside(client, range);
    yield rows.map((row) => ({ ...fromRowEntry(row), ...beside(Number(row.partition_seq)) }));
    after = Number(last.partition_seq);
  }
}

type Beside = Pick<Entry, 'terms' | 'lotRows' | 'holdRows' | 'counterRows' | 'opened'>;
type Numbered = { readonly partition_seq: bigint };

async function rowsBeside(client: Queryable, range: readonly unknown[]): Promise<(seq: number) => Beside> {
  const terms = await read<{ status: AccountStatus; owner: string | null; settings: AccountSettings; limit_fetched_at: Date }>(client, termsBeside, range);
  const lots = await read<{ lot: bigint; left: bigint; granted: bigint; priority: number; expires_at: Date | null; floor: bigint }>(client, lotsBeside, range);
  const holds = await read<{
    hold: bigint; amount: bigint; expires_at: Date; parent: bigint | null; budgets: string[]; outcome: HoldOutcome; settled: bigint | null; floor: bigint;
  }>(client, holdsBeside, range);
  const counters = await read<{ period_start_ms: bigint; period_end_ms: bigint; used: bigint; high_water: bigint }>(client, countersBeside, range);
  const opened = await read<{ opened_at: Date }>(client, openedBeside, range);
  return (seq) => {
    const [term] = terms.get(seq) ?? [];
    const [opening] = opened.get(seq) ?? [];
    return {
      opened: opening ? { openedMs: opening.opened_at.getTime() } : null,
      terms: term ? { status: term.status, owner: term.owner, settings: fromRowSettings(term.settings), limitFetchedMs: term.limit_fetched_at.getTime() } : null,
      lotRows: (lots.get(seq) ?? []).map((row) => ({
        lot: Number(row.lot), left: row.left, granted: row.granted, priority: row.priority, expiresMs: row.expires_at?.getTime() ?? null, floor: Number(row.floor),
      })),
      holdRows: (holds.get(seq) ?? []).map((row) => ({
        hold: Number(row.hold), amount: row.amount, expiresMs: row.expires_at.getTime(), parent: row.parent === null ? null : Number(row.parent),
        budgets: row.budgets, outcome: row.outcome, settled: row.settled, floor: Number(row.floor),
      })),
      counterRows: (counters.get(seq) ?? []).map((row) => ({
        period: row.period_start_ms < 0n ? null : { startMs: Number(row.period_start_ms), endMs: Number(row.period_end_ms) }, used: row.used, highWater: row.high_water,
      })),
    };
  };
}

async function read<Row extends object>(client: Queryable, sql: string, range: readonly unknown[]): Promise<ReadonlyMap<number, readonly Row[]>> {
  const { rows } = await client.query<Row & Numbered>(sql, [...range]);
  const bySeq = new Map<number, Row[]>();
  for (const row of rows) {
    const seq = Number(row.partition_seq);
    const list = bySeq.get(seq);
    if (list) list.push(row);
    else bySeq.set(seq, [row]);
  }
  return bySeq;
}
