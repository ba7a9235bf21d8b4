import type { TopUpStatus } from '@tollgate/contracts';
import type { Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { ReconcileRun, ReconcileStore } from '../app/reconcile-ports.ts';
import type { BookedTopUp } from '../domain/reconciled-top-ups.ts';
import { type FoundFacts, invoiceOf, paymentOf, refundOf } from './reconciliation-facts.ts';
import { invoicesOfRun, refundsOfRun, topUpsOfRun } from './reconciliations.sql.ts';

type BookedRow = {
  readonly id: string;
  readonly status: string | null;
  readonly amount_minor: bigint | null;
  readonly currency: string | null;
  readonly facts: FoundFacts | null;
};

/** Pages of what either side has, by id: what was found at Stripe, what the books have, or both. */
export const bothSides = (pool: Pool): Pick<ReconcileStore, 'invoices' | 'topUps' | 'refunds'> => ({
  invoices: (run, limit) =>
    orOutage(async () => {
      return (
        await pool.query<
          BookedRow & { readonly customer_id: string; readonly period_start: Date; readonly credit_minor: bigint }
        >(invoicesOfRun, [...pageOf(run, limit)])
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
    orOutage(async () => {
      return (await pool.query<TopUpRow>(topUpsOfRun, [...pageOf(run, limit)])).rows.map((row) => ({
        id: row.id,
        books: bookedTopUpOf(row),
        payments: row.payments.map(paymentOf),
      }));
    }),
  refunds: (run, limit) =>
    orOutage(async () => {
      return (
        await pool.query<BookedRow & { readonly charge_id: string | null }>(refundsOfRun, [...pageOf(run, limit)])
      ).rows.map((row) => {
        const books = bookedOf(row);
        return {
          id: row.id,
          books: books === null ? null : { ...books, chargeId: row.charge_id },
          stripe: row.facts === null ? null : refundOf(row.facts),
        };
      });
    }),
});

/** Of a run: its id and place, the size of a page, and the month of the money. */
const pageOf = (run: ReconcileRun, limit: number): readonly unknown[] => [
  run.id,
  run.cursor ?? '',
  limit,
  new Date(run.moments.startMs),
  new Date(run.moments.endMs),
];

type TopUpRow = {
  readonly id: string;
  readonly account: string | null;
  readonly status: TopUpStatus | null;
  readonly reason: string | null;
  readonly units: bigint | null;
  readonly amount_minor: bigint | null;
  readonly currency: string | null;
  readonly payment_intent: string | null;
  readonly refunded_minor: bigint;
  readonly payments: readonly FoundFacts[];
};

function bookedTopUpOf(row: TopUpRow): BookedTopUp | null {
  const { id, account, status, reason, units, amount_minor: amountMinor, currency } = row;
  if (account === null || status === null || units === null || amountMinor === null || currency === null) return null;
  return {
    id,
    account,
    status,
    reason,
    units,
    amountMinor,
    currency,
    paymentIntent: row.payment_intent,
    refundedMinor: row.refunded_minor,
  };
}

function bookedOf({ id, status, amount_minor: amountMinor, currency }: BookedRow): {
  readonly id: string;
  readonly status: string;
  readonly amountMinor: bigint;
  readonly currency: string;
} | null {
  return status === null || amountMinor === null || currency === null ? null : { id, status, amountMinor, currency };
}
