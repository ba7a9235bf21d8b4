import { Module } from '@nestjs/common';
import type { ReconcileQueries } from '@tollgate/contracts';
import { provided, startLoop, token } from '@tollgate/service-kit';

import { CATALOG, CatalogModule } from '../catalog/catalog.module.ts';
import { CHARGES, ChargesModule } from '../charges/charges.module.ts';
import { CORE } from '../core/core.ts';
import { inBackground } from '../core/in-background.ts';
import { stripeIsOff } from '../stripe/stripe-client.ts';
import { SUBSCRIPTIONS, SubscriptionsModule } from '../subscriptions/subscriptions.module.ts';
import { WEBHOOKS_IN, WebhooksInModule } from '../webhooks-in/webhooks-in.module.ts';
import { makeReconcileQueries, makeReconcileRound, type ReconcileParts } from './app/reconciling.ts';
import { reconciliationStore } from './postgres/reconciliation-store.ts';
import { stripeBooks } from './stripe/stripe-books.ts';

export const RECONCILIATION = {
  parts: token<ReconcileParts>('reconciliation.parts'),
  queries: token<ReconcileQueries>('reconciliation.queries'),
} as const;

const parts = provided(
  RECONCILIATION.parts,
  [
    WEBHOOKS_IN.applying,
    CHARGES.store,
    CORE.pool,
    CORE.stripe,
    CORE.ledger,
    CORE.logger,
    CORE.work,
    CATALOG.planAt,
    CATALOG.planOf,
    SUBSCRIPTIONS.feePlanOf,
  ],
  (applying, charges, pool, stripe, ledger, logger, work, planAt, planOf, feePlanOf) => ({
    ...applying,
    charges,
    opening: charges,
    store: reconciliationStore(pool),
    stripe: stripeBooks(stripe),
    ledger,
    planAt,
    planOf,
    feePlanOf,
    wake: () => {
      work.wake('charges');
      work.wake('charge-events');
    },
    onFailure: (error) => logger.error({ err: error }, 'a reconciliation failed'),
  }),
);

/** Compares a month of Stripe with the books, and completes the steps that a crash interrupted. */
@Module({
  imports: [CatalogModule, ChargesModule, SubscriptionsModule, WebhooksInModule],
  providers: [
    parts,
    provided(
      RECONCILIATION.queries,
      [RECONCILIATION.parts, CORE.options, CORE.work],
      (comparing, { stripe }, work) => ({
        ...makeReconcileQueries(comparing, () => work.wake('reconciliations')),
        ...(stripe === 'off' ? { startReconciliation: () => Promise.reject(stripeIsOff()) } : {}),
      }),
    ),
    ...inBackground(
      'reconciliations',
      [RECONCILIATION.parts, CORE.logger],
      (comparing, logger) => () =>
        startLoop({
          round: makeReconcileRound(comparing),
          onFailure: (error) => logger.warn({ err: error }, 'reconciliations could not be read; it is tried again'),
        }),
    ),
  ],
  exports: [RECONCILIATION.queries],
})
export class ReconciliationModule {}
