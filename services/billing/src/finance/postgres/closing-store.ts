import type { ClosingQueries, ClosingView } from '@tollgate/contracts';
import { AppError, type Clock, invariant } from '@tollgate/kernel';
import { withTransaction } from '@tollgate/persistence';
import type { Pool, PoolClient } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import { closingSteps, insertClosing, insertClosingEntry, lastClosing, lockClosing } from './closings.sql.ts';

type Row = {
  readonly period: string;
  readonly number: number;
  readonly type: ClosingView['type'];
  readonly as_of: Date | null;
  readonly figures: string | null;
  readonly hash: string | null;
  readonly reason: string | null;
  readonly actor: string;
  readonly at: Date;
  readonly entry: string | null;
};

/** Months that finance closed, on PostgreSQL. Loss of the database is AppError('unavailable'). */
export const closingQueries = (pool: Pool, clock: Clock): ClosingQueries => ({
  closings: ({ period }) =>
    orOutage(async () => (await pool.query<Row>(closingSteps, [period ?? null])).rows.map(toView)),
  recordClosing: (step) =>
    orOutage(() =>
      withTransaction(pool, async (tx) => {
        await tx.query(lockClosing, [step.period]);
        const last = await newest(tx, step.period);
        if (last?.type === step.type && step.type === 'closed') return last;
        if (step.type === 'reopened' && last?.type !== 'closed')
          throw new AppError('conflict', 'PERIOD_NOT_CLOSED', `${step.period} is not closed`);
        const { period, type, as_of: asOf, figures, hash, reason, by, address = null } = step;
        await tx.query(insertClosing, [
          period,
          (last?.number ?? 0) + 1,
          type,
          asOf,
          figures,
          hash,
          reason,
          by,
          address,
          new Date(clock.nowMs()),
        ]);
        return known(tx, period);
      }),
    ),
  closingBooked: ({ period, number, entry }) =>
    orOutage(() =>
      withTransaction(pool, async (tx) => {
        await tx.query(insertClosingEntry, [period, number, entry]);
        return known(tx, period);
      }),
    ),
});

async function newest(tx: PoolClient, period: string): Promise<ClosingView | null> {
  const {
    rows: [row],
  } = await tx.query<Row>(lastClosing, [period]);
  return row === undefined ? null : toView(row);
}

async function known(tx: PoolClient, period: string): Promise<ClosingView> {
  const step = await newest(tx, period);
  invariant(step !== null, 'a step that was kept is there');
  return step;
}

const toView = (row: Row): ClosingView => ({
  period: row.period,
  number: row.number,
  type: row.type,
  as_of: row.as_of?.toISOString() ?? null,
  figures: row.figures,
  hash: row.hash,
  reason: row.reason,
  by: row.actor,
  at: row.at.toISOString(),
  entry: row.entry,
});
