import type { Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { TopUpRefunds } from '../app/ports.ts';
import { takeRefund, topUpOfPayment } from './top-ups.sql.ts';

const statuses = { succeeded: 'succeeded', pending: 'processing', failed: 'failed' } as const;

/** `TopUpRefunds` on PostgreSQL. */
export const topUpRefunds = (pool: Pool): TopUpRefunds => ({
  told: (paymentIntent, refunds, nowMs) =>
    orOutage(async () => {
      const { rows } = await pool.query<{ id: string }>(topUpOfPayment, [paymentIntent]);
      if (rows[0] === undefined) return null;
      let changed = 0;
      for (const { state, amountMinor, currency } of refunds) {
        const { rowCount } = await pool.query(takeRefund, [
          state.stripeRefund,
          rows[0].id,
          amountMinor,
          currency,
          statuses[state.is],
          state.is === 'succeeded' ? new Date(state.madeMs) : null,
          new Date(nowMs),
        ]);
        changed += rowCount ?? 0;
      }
      return changed;
    }),
});
