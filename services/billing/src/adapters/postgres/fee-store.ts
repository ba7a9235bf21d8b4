import type { Pool } from 'pg';
import type { FeeStore } from '../../app/account-ports.ts';
import { guarded } from './guarded.ts';
import { askFees, dueFees, settleFee } from './sql/fees.sql.ts';

/** `FeeStore` on PostgreSQL. Loss of the database is AppError('unavailable'). */
export function feeStore(pool: Pool): FeeStore {
  return {
    ask: (userIds, nowMs) => guarded(async () => ((await pool.query(askFees, [userIds, new Date(nowMs)])).rowCount ?? 0) > 0),
    due: (nowMs, limit) => guarded(async () => {
      type Row = { readonly id: string; readonly subscription_id: string; readonly customer_id: string; readonly pay_attempts: number };
      const { rows } = await pool.query<Row>(dueFees, [new Date(nowMs), limit]);
      return rows.map((row) => ({ id: row.id, subscriptionId: row.subscription_id, customerId: row.customer_id, attempts: row.pay_attempts }));
    }),
    settle: ({ id, attempts }, nextMs) => guarded(async () => {
      await pool.query(settleFee, [id, attempts, nextMs === null ? null : new Date(nextMs)]);
    }),
  };
}
