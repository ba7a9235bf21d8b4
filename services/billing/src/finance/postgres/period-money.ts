import type { PeriodMoneyView, PeriodTotal } from '@tollgate/contracts';
import type { Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import { closedCharges, periodTotals } from './period-money.sql.ts';

/** `PeriodBooks` on PostgreSQL: what a user's fees and charges of periods that began in [fromMs, toMs) came to. */
export const periodBooks =
  (pool: Pool) =>
  ({
    userId,
    fromMs,
    toMs,
  }: {
    readonly userId: string;
    readonly fromMs: number;
    readonly toMs: number;
  }): Promise<PeriodMoneyView> =>
    orOutage(async () => {
      const values = [userId, new Date(fromMs), new Date(toMs)];
      const [closed, totals] = await Promise.all([
        pool.query<{ id: string; cancelled: boolean }>(closedCharges, values),
        pool.query<PeriodTotal>(periodTotals, values),
      ]);
      const ids = (cancelled: boolean): readonly string[] =>
        closed.rows.filter((row) => row.cancelled === cancelled).map(({ id }) => id);
      return { totals: totals.rows, cancelled_charges: ids(true), settled_charges: ids(false) };
    });
