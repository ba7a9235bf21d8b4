import type { AssignedPaymentView } from '@tollgate/contracts';
import type { Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { ReconcileStore } from '../app/reconcile-ports.ts';
import { assignedPayment, assignPayment, insertAcknowledgement, topUpById } from './reconciliations.sql.ts';

type Row = {
  readonly payment_intent: string;
  readonly user_id: string;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly paid_at: Date;
  readonly reason: string;
  readonly actor: string;
  readonly at: Date;
};

/** What people decide about differences. */
export const acknowledging = (
  pool: Pool,
): Pick<ReconcileStore, 'acknowledge' | 'assigned' | 'assign' | 'hasTopUp'> => ({
  acknowledge: ({ run, number, reason, untilMs, by, address }, nowMs) =>
    orOutage(
      async () =>
        (
          await pool.query(insertAcknowledgement, [
            run,
            number,
            reason,
            by,
            address,
            new Date(nowMs),
            new Date(untilMs),
          ])
        ).rowCount === 1,
    ),
  assigned: (paymentIntent) =>
    orOutage(async () => {
      const {
        rows: [row],
      } = await pool.query<Row>(assignedPayment, [paymentIntent]);
      return row === undefined ? null : toView(row);
    }),
  hasTopUp: (id) => orOutage(async () => (await pool.query(topUpById, [id])).rowCount === 1),
  assign: ({ id, amountMinor, currency, paidMs, createdMs }, { userId, reason, by, address }, nowMs) =>
    orOutage(async () => {
      await pool.query(assignPayment, [
        id,
        userId,
        amountMinor,
        currency,
        new Date(paidMs ?? createdMs),
        reason,
        by,
        address,
        new Date(nowMs),
      ]);
    }),
});

const toView = (row: Row): AssignedPaymentView => ({
  payment_intent: row.payment_intent,
  user_id: row.user_id,
  amount_minor: String(row.amount_minor),
  currency: row.currency,
  paid_at: row.paid_at.toISOString(),
  reason: row.reason,
  by: row.actor,
  at: row.at.toISOString(),
});
