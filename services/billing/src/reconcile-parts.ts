import type { ReconcileQueries } from '@tollgate/contracts';
import type { Logger } from '@tollgate/service-kit';
import { startLoop } from '@tollgate/service-kit';
import type { Pool } from 'pg';
import type Stripe from 'stripe';

import type { ChargeStore, PlanAt } from './charges/app/charge-ports.ts';
import type { CrossingsOfLedger, PlanOf } from './reconciliation/app/reconcile-ports.ts';
import { makeReconcileQueries, makeReconcileRound } from './reconciliation/app/reconciling.ts';
import { reconciliationStore } from './reconciliation/postgres/reconciliation-store.ts';
import { stripeBooks } from './reconciliation/stripe/stripe-books.ts';
import type { FeePlanOf } from './subscriptions/app/fee-plan.ts';
import type { Applying } from './webhooks-in/app/webhooks.ts';

export type RunningReconciling = { readonly queries: ReconcileQueries; stop(): Promise<void> };

/** Joins the comparison of Stripe with the books, which goes on with what a crash has left, and starts it. */
export function startReconciling(parts: {
  readonly pool: Pool;
  readonly stripe: Stripe;
  readonly ledger: CrossingsOfLedger;
  readonly planAt: PlanAt;
  readonly planOf: PlanOf;
  readonly logger: Logger;
  readonly charges: ChargeStore;
  readonly applying: Applying;
  readonly feePlanOf: FeePlanOf;
  readonly wake: () => void;
}): RunningReconciling {
  const { pool, logger, applying, charges } = parts;
  const onFailure = (error: unknown): void => logger.error({ err: error }, 'a reconciliation failed');
  const joined = {
    ...applying,
    charges,
    opening: charges,
    store: reconciliationStore(pool),
    stripe: stripeBooks(parts.stripe),
    ledger: parts.ledger,
    planAt: parts.planAt,
    planOf: parts.planOf,
    feePlanOf: parts.feePlanOf,
    wake: parts.wake,
    onFailure,
  };
  const loop = startLoop({
    round: makeReconcileRound(joined),
    onFailure: (error) => logger.warn({ err: error }, 'reconciliations could not be read; it is tried again'),
  });
  return { queries: makeReconcileQueries(joined, () => loop.wake()), stop: () => loop.stop() };
}
