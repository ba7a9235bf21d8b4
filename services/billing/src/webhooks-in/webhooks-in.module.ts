import { Module } from '@nestjs/common';
import type { MoneyQueries } from '@tollgate/contracts';
import { provided, startLoop, token } from '@tollgate/service-kit';

import { Charging } from '../charges/app/charging.ts';
import { CHARGES, ChargesModule } from '../charges/charges.module.ts';
import { CORE } from '../core/core.ts';
import { inBackground } from '../core/in-background.ts';
import { PayerChanges } from '../customers/app/payer-changes.ts';
import { CUSTOMERS, CustomersModule } from '../customers/customers.module.ts';
import { REFUNDS, RefundsModule } from '../refunds/refunds.module.ts';
import { SUBSCRIPTIONS, SubscriptionsModule } from '../subscriptions/subscriptions.module.ts';
import { TOP_UPS, TopUpsModule } from '../topups/top-ups.module.ts';
import { type Applying, makeInboxRound, makeStripeWebhook, type Receiving } from './app/webhooks.ts';
import { stripeInbox } from './postgres/stripe-inbox.ts';
import { webhookVerifier } from './stripe/stripe-webhook.ts';

export const WEBHOOKS_IN = {
  applying: token<Applying>('webhooks-in.applying'),
  receiving: token<Receiving>('webhooks-in.receiving'),
  queries: token<Pick<MoneyQueries, 'stripeWebhook'>>('webhooks-in.queries'),
} as const;

const applying = provided(
  WEBHOOKS_IN.applying,
  [
    CHARGES.store,
    CHARGES.payments,
    REFUNDS.stripe,
    REFUNDS.store,
    SUBSCRIPTIONS.store,
    CUSTOMERS.store,
    TOP_UPS.told,
    TOP_UPS.refunds,
    CORE.clock,
    CORE.jitter,
    PayerChanges,
    Charging,
  ],
  (
    charges,
    payments,
    refunds,
    refundStore,
    subscriptions,
    customers,
    told,
    topUpRefunds,
    clock,
    jitter,
    payerChanges,
    charging,
  ) => ({
    charges,
    payments,
    refunds,
    refundStore,
    subscriptions,
    customers,
    topUps: { told },
    topUpRefunds,
    clock,
    jitter,
    payerChanged: (users) => payerChanges.tell(users),
    onChange: charging.changed,
  }),
);

const receiving = provided(
  WEBHOOKS_IN.receiving,
  [WEBHOOKS_IN.applying, CORE.options, CORE.stripe, CORE.pool, CORE.logger, CORE.report],
  (parts, options, stripe, pool, logger, report) => ({
    ...parts,
    verify: webhookVerifier(stripe, options.stripe === 'off' ? '' : options.stripe.webhookSecret, (error, event) =>
      logger.error({ err: error, ...event }, 'a webhook of Stripe cannot be read'),
    ),
    inbox: stripeInbox(pool),
    onFailure: report('a webhook could not be applied; it is tried again'),
  }),
);

/** What Stripe tells: kept once, then applied to charges, refunds, fees and payers. */
@Module({
  imports: [ChargesModule, RefundsModule, SubscriptionsModule, CustomersModule, TopUpsModule],
  providers: [
    applying,
    receiving,
    provided(WEBHOOKS_IN.queries, [WEBHOOKS_IN.receiving], (parts) => ({ stripeWebhook: makeStripeWebhook(parts) })),
    ...inBackground('stripe-events', [CORE.options, WEBHOOKS_IN.receiving, CORE.report], ({ stripe }, parts, report) =>
      stripe === 'off'
        ? null
        : () =>
            startLoop({
              round: makeInboxRound(parts),
              onFailure: report('webhooks could not be read; it is tried again'),
            }),
    ),
  ],
  exports: [WEBHOOKS_IN.applying, WEBHOOKS_IN.queries],
})
export class WebhooksInModule {}
