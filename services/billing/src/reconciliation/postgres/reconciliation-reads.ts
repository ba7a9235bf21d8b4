import type { Pool } from 'pg';

import type { ChargeStatus } from '../../charges/domain/charge.ts';
import { orOutage } from '../../postgres/or-outage.ts';
import type { ReconcileRun, ReconcileStore } from '../app/reconcile-ports.ts';
import type { Fix } from '../domain/difference.ts';
import type { BookedCharge } from '../domain/reconciliation.ts';
import { bothSides } from './reconciliation-both-sides.ts';
import { crossingOf, type FoundFacts, paymentOf } from './reconciliation-facts.ts';
import { chargesOfRun, differencesToFix, foundOne, missingOfRun, strangersOfRun } from './reconciliations.sql.ts';

type Reads = Pick<
  ReconcileStore,
  'charges' | 'strangers' | 'topUps' | 'invoices' | 'refunds' | 'missing' | 'toFix' | 'crossing'
>;
type ChargeRow = {
  readonly id: string;
  readonly account: string;
  readonly status: ChargeStatus;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly payment_intent: string | null;
  readonly attempt_open: boolean;
  readonly updated_at: Date;
  readonly payments: readonly FoundFacts[];
  readonly crossing: FoundFacts | null;
  readonly past: readonly string[];
};
const noId = '00000000-0000-0000-0000-000000000000';

/** Pages of what a run compares; each has the cursor of the run to go on from. */
export function reconciliationReads(pool: Pool): Reads {
  const facts = (sql: string, run: ReconcileRun, limit: number): Promise<readonly FoundFacts[]> =>
    orOutage(async () =>
      (await pool.query<{ facts: FoundFacts }>(sql, [run.id, run.cursor ?? '', limit])).rows.map((row) => row.facts),
    );
  return {
    ...bothSides(pool),
    charges: (run, limit) =>
      orOutage(async () => {
        const { starts } = run;
        const values = [run.id, new Date(starts.startMs), new Date(starts.endMs), run.cursor ?? noId, limit];
        return (await pool.query<ChargeRow>(chargesOfRun, values)).rows.map((row) => ({
          charge: fromRow(row),
          payments: row.payments.map(paymentOf),
          past: row.past,
          crossing: row.crossing === null ? null : crossingOf(row.crossing),
        }));
      }),
    strangers: async (run, limit) => (await facts(strangersOfRun, run, limit)).map(paymentOf),
    missing: async (run, limit) => (await facts(missingOfRun, run, limit)).map(crossingOf),
    toFix: (run, limit) =>
      orOutage(async () => {
        type Row = {
          number: bigint;
          reference: string;
          fix: Fix;
          charge_id: string | null;
          payment_intent: string | null;
        };
        const { rows } = await pool.query<Row>(differencesToFix, [run.id, run.cursor ?? '0', limit]);
        return rows.map(({ number, reference, fix, charge_id: chargeId, payment_intent: paymentIntent }) => ({
          number: String(number),
          reference,
          fix,
          chargeId,
          paymentIntent,
        }));
      }),
    crossing: (run, id) =>
      orOutage(async () => {
        const {
          rows: [row],
        } = await pool.query<{ facts: FoundFacts }>(foundOne, [run.id, 'crossing', id]);
        return row === undefined ? null : crossingOf(row.facts);
      }),
  };
}

const fromRow = (row: Omit<ChargeRow, 'payments' | 'crossing' | 'past'>): BookedCharge => ({
  id: row.id,
  account: row.account,
  status: row.status,
  amountMinor: row.amount_minor,
  currency: row.currency,
  paymentIntent: row.payment_intent,
  attemptOpen: row.attempt_open,
  changedMs: row.updated_at.getTime(),
});
