import type { Pool } from 'pg';

import type { CrossingRow } from '../../postgres/crossing-row.ts';
import { fromRowCrossing } from '../../postgres/crossing-row.ts';
import type { BookedBlock } from '../redecide.ts';

const columns =
  't.partition_seq, a.id, t.period_start, t.period_end, t.block, t.plan, t.charge_id, t.plan_version, ' +
  't.billing_tier, t.amount_minor, t.currency';
const from = (
  table: string,
  change: string,
): string => `select ${columns}, ${change} as change from ledger.${table} t join ledger.accounts a using (partition,
  account)
where t.partition = $1 and t.partition_seq > $2 and t.partition_seq <= $3`;
/** $1 partition, $2 partition_seq exclusive, $3 inclusive. */
const sql = `${from('crossings', "'entered'")} union all ${from('block_changes', 'change')} order by partition_seq,
  block`;

/** Crossings and changes of blocks beside the entries of a range. */
export async function blocksBetween(
  pool: Pool,
  partition: number,
  { afterSeq, toSeq }: { readonly afterSeq: number; readonly toSeq: number },
): Promise<readonly BookedBlock[]> {
  type Row = CrossingRow & {
    readonly id: string;
    readonly partition_seq: bigint;
    readonly change: BookedBlock['change'];
  };
  const { rows } = await pool.query<Row>(sql, [partition, afterSeq, toSeq]);
  return rows.map((row) => ({
    ...fromRowCrossing(row.id, row),
    seq: Number(row.partition_seq),
    account: row.id,
    change: row.change,
  }));
}
