import type { FeeView } from '@tollgate/contracts';
import type { Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { FeeBooks, FeeStore } from '../app/fee-ports.ts';
import { askFees, dueFees, feeById, insertFeeEvent, listFees, settleFee } from './fees.sql.ts';

type FeeRow = {
  readonly invoice_id: string;
  readonly subscription_id: string;
  readonly customer_id: string;
  readonly user_id: string | null;
  readonly status: FeeView['status'];
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly period_start: Date;
  readonly what: string | null;
  readonly actor: string | null;
  readonly reason: string | null;
  readonly occurred_at: Date | null;
};

const fromFee = (row: FeeRow): FeeView => ({
  invoice_id: row.invoice_id,
  subscription_id: row.subscription_id,
  customer_id: row.customer_id,
  user_id: row.user_id,
  status: row.status,
  amount_minor: String(row.amount_minor),
  currency: row.currency,
  period_start: row.period_start.toISOString(),
  decided:
    row.what === null || row.actor === null || row.occurred_at === null
      ? null
      : { what: row.what, by: row.actor, reason: row.reason, at: row.occurred_at.toISOString() },
});

/** `FeeBooks` on PostgreSQL. */
export const feeBooks = (pool: Pool): FeeBooks => ({
  find: (invoice) =>
    orOutage(async () => {
      const {
        rows: [row],
      } = await pool.query<FeeRow>(feeById, [invoice]);
      return row ? fromFee(row) : null;
    }),
  list: ({ status, user_id: user, offset, limit }) =>
    orOutage(async () => {
      const { rows } = await pool.query<FeeRow & { readonly total: bigint }>(listFees, [
        status ?? null,
        user ?? null,
        offset,
        limit,
      ]);
      return { items: rows.map(fromFee), total: Number(rows[0]?.total ?? 0n) };
    }),
  decided: (invoice, { what, by, address, reason }, nowMs) =>
    orOutage(async () => {
      await pool.query(insertFeeEvent, [invoice, what, by, address, reason, new Date(nowMs)]);
    }),
});

/** `FeeStore` on PostgreSQL. Loss of the database is AppError('unavailable'). */
export function feeStore(pool: Pool): FeeStore {
  return {
    ask: (userIds, nowMs) =>
      orOutage(async () => ((await pool.query(askFees, [userIds, new Date(nowMs)])).rowCount ?? 0) > 0),
    due: (nowMs, limit) =>
      orOutage(async () => {
        type Row = {
          readonly id: string;
          readonly subscription_id: string;
          readonly customer_id: string;
          readonly pay_attempts: number;
        };
        const { rows } = await pool.query<Row>(dueFees, [new Date(nowMs), limit]);
        return rows.map((row) => ({
          id: row.id,
          subscriptionId: row.subscription_id,
          customerId: row.customer_id,
          attempts: row.pay_attempts,
        }));
      }),
    settle: ({ id, attempts }, nextMs) =>
      orOutage(async () => {
        await pool.query(settleFee, [id, attempts, nextMs === null ? null : new Date(nextMs)]);
      }),
  };
}
