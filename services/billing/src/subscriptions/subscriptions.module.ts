import { Module } from '@nestjs/common';
import type { MoneyQueries } from '@tollgate/contracts';
import { provided, startLoop, token } from '@tollgate/service-kit';

import { CATALOG, CatalogModule } from '../catalog/catalog.module.ts';
import { CORE } from '../core/core.ts';
import { inBackground } from '../core/in-background.ts';
import { PayerChanges } from '../customers/app/payer-changes.ts';
import { CUSTOMERS, CustomersModule } from '../customers/customers.module.ts';
import { makeFeeQueries } from './app/fee-decisions.ts';
import { type FeePlanOf, makeFeePlanOf } from './app/fee-plan.ts';
import type { FeeStore, StripeFees } from './app/fee-ports.ts';
import { makeFeePriceRound } from './app/fee-prices.ts';
import { makeFeeRound } from './app/fees.ts';
import type { StripeSubscriptions, SubscriptionStore } from './app/subscription-ports.ts';
import { makeCreateSubscription } from './app/subscriptions.ts';
import { feeBooks, feeStore } from './postgres/fee-store.ts';
import { subscriptionStore } from './postgres/subscription-store.ts';
import { stripeFees } from './stripe/stripe-fees.ts';
import { stripeSubscriptions } from './stripe/stripe-subscriptions.ts';

export const SUBSCRIPTIONS = {
  store: token<SubscriptionStore>('subscriptions.store'),
  fees: token<FeeStore>('subscriptions.fees'),
  stripe: token<StripeSubscriptions>('subscriptions.stripe'),
  stripeFees: token<StripeFees>('subscriptions.stripe-fees'),
  feePlanOf: token<FeePlanOf>('subscriptions.fee-plan-of'),
  queries:
    token<Pick<MoneyQueries, 'createSubscription' | 'listFees' | 'retryFee' | 'writeOffFee'>>('subscriptions.queries'),
} as const;

const fees = provided(
  SUBSCRIPTIONS.fees,
  [CORE.pool, CORE.clock, CORE.work, PayerChanges],
  (pool, clock, work, payerChanges) => {
    const store = feeStore(pool);
    payerChanges.follow(async (users) => {
      if (await store.ask(users, clock.nowMs())) work.wake('fees');
    });
    return store;
  },
);

const queries = provided(
  SUBSCRIPTIONS.queries,
  [
    CORE.pool,
    CORE.clock,
    SUBSCRIPTIONS.store,
    SUBSCRIPTIONS.stripe,
    SUBSCRIPTIONS.stripeFees,
    SUBSCRIPTIONS.feePlanOf,
    CUSTOMERS.store,
    CUSTOMERS.stripe,
  ],
  (pool, clock, store, stripe, invoices, feePlanOf, customers, payers) => ({
    ...makeFeeQueries({ books: feeBooks(pool), subscriptions: store, customers, stripe: invoices, clock }),
    createSubscription: makeCreateSubscription({
      store,
      customers,
      stripe: { ...stripe, ...invoices, ...payers },
      feePlanOf,
      clock,
    }),
  }),
);

const feePayer = inBackground(
  'fees',
  [
    CORE.options,
    CORE.clock,
    CORE.report,
    SUBSCRIPTIONS.fees,
    SUBSCRIPTIONS.store,
    SUBSCRIPTIONS.stripe,
    SUBSCRIPTIONS.stripeFees,
    CUSTOMERS.store,
  ],
  (options, clock, report, store, subscriptions, stripe, invoices, customers) =>
    options.stripe === 'off'
      ? null
      : () =>
          startLoop({
            round: makeFeeRound({
              store,
              subscriptions,
              customers,
              stripe: { ...stripe, ...invoices },
              clock,
              onFailure: report('a fee could not be paid; it is tried again'),
            }),
            onFailure: report('unpaid fees could not be read; it is tried again'),
          }),
);

const feePrices = inBackground(
  'fee-prices',
  [
    CORE.options,
    CORE.clock,
    CORE.report,
    CORE.logger,
    SUBSCRIPTIONS.store,
    SUBSCRIPTIONS.stripe,
    SUBSCRIPTIONS.feePlanOf,
  ],
  (options, clock, report, logger, store, stripe, feePlanOf) =>
    options.stripe === 'off'
      ? null
      : () =>
          startLoop({
            round: makeFeePriceRound({
              store,
              stripe,
              feePlanOf,
              clock,
              onFailure: report('the price of a subscription could not be set; it is tried again'),
              onCurrency: ({ subscriptionId, currency }, wanted) =>
                logger.warn(
                  { subscription: subscriptionId, currency, wanted, code: 'FEE_CURRENCY_DIFFERS' },
                  'the plan is in another currency than the subscription: end it and begin another one',
                ),
            }),
            onFailure: report('subscriptions could not be read; it is tried again'),
          }),
);

/** The monthly fee of a plan, as a subscription at Stripe. */
@Module({
  imports: [CatalogModule, CustomersModule],
  providers: [
    provided(SUBSCRIPTIONS.store, [CORE.pool], subscriptionStore),
    provided(SUBSCRIPTIONS.stripe, [CORE.stripe], stripeSubscriptions),
    provided(SUBSCRIPTIONS.stripeFees, [CORE.stripe], stripeFees),
    provided(SUBSCRIPTIONS.feePlanOf, [CUSTOMERS.store, CORE.ledger, CATALOG.planAt], (customers, ledger, planAt) =>
      makeFeePlanOf({ customers, ledger, planAt }),
    ),
    fees,
    queries,
    ...feePayer,
    ...feePrices,
  ],
  exports: Object.values(SUBSCRIPTIONS),
})
export class SubscriptionsModule {}
