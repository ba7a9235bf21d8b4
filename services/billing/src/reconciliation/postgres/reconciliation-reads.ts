import type { TopUpStatus } from '@tollgate/contracts';
import type { Pool } from 'pg';

import type { ChargeStatus } from '../../charges/domain/charge.ts';
import { guarded } from '../../postgres/guarded.ts';
import type { ReconcileRun, ReconcileStore } from '../app/reconcile-ports.ts';
import type { BookedTopUp } from '../domain/reconciled-top-ups.ts';
import type { BookedCharge, Fix } from '../domain/reconciliation.ts';
import { crossingOf, type FoundFacts, invoiceOf, paymentOf, refundOf } from './reconciliation-facts.ts';
import {
  chargesOfRun,
  differencesToFix,
  foundOne,
  invoicesOfRun,
  missingOfRun,
  refundsOfRun,
  strangersOfRun,
  topUpsOfRun,
} from './reconciliations.sql.ts';

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
type BookedRow = {
  readonly id: string;
  readonly status: string | null;
  readonly amount_minor: bigint | null;
  readonly currency: string | null;
  readonly facts: FoundFacts | null;
};

const noId = '00000000-0000-0000-0000-000000000000';

/** Pages of what a run compares; each has the cursor of the run to go on from. */
export function reconciliationReads(pool: Pool): Reads {
  const facts = (sql: string, run: ReconcileRun, limit: number): Promise<readonly FoundFacts[]> =>
    guarded(async () =>
      (await pool.query<{ facts: FoundFacts }>(sql, [run.id, run.cursor ?? '', limit])).rows.map((row) => row.facts),
    );
  return {
    charges: (run, limit) =>
      guarded(async () => {
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
    invoices: (run, limit) =>
      guarded(async () => {
        const values = [run.id, run.cursor ?? '', limit, new Date(run.moments.startMs), new Date(run.moments.endMs)];
        return (
          await pool.query<
            BookedRow & { readonly customer_id: string; readonly period_start: Date; readonly credit_minor: bigint }
          >(invoicesOfRun, values)
        ).rows.map((row) => {
          const books = bookedOf(row);
          return {
            id: row.id,
            books:
              books === null
                ? null
                : {
                    ...books,
                    customer: row.customer_id,
                    periodStartMs: row.period_start.getTime(),
                    creditMinor: row.credit_minor,
                  },
            stripe: row.facts === null ? null : invoiceOf(row.facts),
          };
        });
      }),
    topUps: (run, limit) =>
      guarded(async () => {
        const values = [run.id, run.cursor ?? '', limit, new Date(run.moments.startMs), new Date(run.moments.endMs)];
        return (await pool.query<TopUpRow>(topUpsOfRun, values)).rows.map((row) => ({
          id: row.id,
          books: bookedTopUpOf(row),
          payments: row.payments.map(paymentOf),
        }));
      }),
    refunds: (run, limit) =>
      guarded(async () => {
        const values = [run.id, run.cursor ?? '', limit, new Date(run.moments.startMs), new Date(run.moments.endMs)];
        return (await pool.query<BookedRow & { readonly charge_id: string | null }>(refundsOfRun, values)).rows.map(
          (row) => {
            const books = bookedOf(row);
            return {
              id: row.id,
              books: books === null ? null : { ...books, chargeId: row.charge_id },
              stripe: row.facts === null ? null : refundOf(row.facts),
            };
          },
        );
      }),
    toFix: (run, limit) =>
      guarded(async () => {
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
      guarded(async () => {
        const {
          rows: [row],
        } = await pool.query<{ facts: FoundFacts }>(foundOne, [run.id, 'crossing', id]);
        return row === undefined ? null : crossingOf(row.facts);
      }),
  };
}

type TopUpRow = {
  readonly id: string;
  readonly account: string | null;
  readonly status: TopUpStatus | null;
  readonly reason: string | null;
  readonly units: bigint | null;
  readonly amount_minor: bigint | null;
  readonly currency: string | null;
  readonly payment_intent: string | null;
  readonly payments: readonly FoundFacts[];
};

function bookedTopUpOf(row: TopUpRow): BookedTopUp | null {
  const { id, account, status, reason, units, amount_minor: amountMinor, currency } = row;
  if (account === null || status === null || units === null || amountMinor === null || currency === null) return null;
  return { id, account, status, reason, units, amountMinor, currency, paymentIntent: row.payment_intent };
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

function bookedOf({ id, status, amount_minor: amountMinor, currency }: BookedRow): {
  readonly id: string;
  readonly status: string;
  readonly amountMinor: bigint;
  readonly currency: string;
} | null {
  return status === null || amountMinor === null || currency === null ? null : { id, status, amountMinor, currency };
}
