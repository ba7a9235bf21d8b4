import { randomInt } from 'node:crypto';

import type { MoneyQueries, ReconcileQueries, TopUpQueries } from '@tollgate/contracts';
import { AppError, type Clock } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import { createPool } from '@tollgate/persistence';
import type { Logger } from '@tollgate/service-kit';
import { type Loop, startLoop } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import type { PlanAt } from './charges/app/charge-ports.ts';
import { Charging } from './charges/app/charging.ts';
import { chargeLog } from './charges/log/charge-log.ts';
import { chargeOutbox } from './charges/postgres/charge-outbox.ts';
import { chargeStore } from './charges/postgres/charge-store.ts';
import { stripePayments } from './charges/stripe/stripe-payments.ts';
import { noLoop, startLoops } from './charging-loops.ts';
import { makePutCustomer } from './customers/app/customers.ts';
import { customerStore, stripeInbox } from './customers/postgres/account-stores.ts';
import { stripeAccounts } from './customers/stripe/stripe-accounts.ts';
import { periodBooks } from './finance/postgres/period-money.ts';
import { startReconciling } from './reconcile-parts.ts';
import type { CrossingsOfLedger, PlanOf } from './reconciliation/app/reconcile-ports.ts';
import { makeRefundQueries } from './refunds/app/refunding.ts';
import type { FourEyes } from './refunds/domain/four-eyes.ts';
import { refundStore } from './refunds/postgres/refund-store.ts';
import { stripeRefunds } from './refunds/stripe/stripe-refunds.ts';
import { stripeClient, stripeIsOff, type StripeSettings } from './stripe/stripe-client.ts';
import { makeFeeQueries } from './subscriptions/app/fee-decisions.ts';
import { makeFeePlanOf } from './subscriptions/app/fee-plan.ts';
import { makeCreateSubscription } from './subscriptions/app/subscriptions.ts';
import { feeBooks, feeStore } from './subscriptions/postgres/fee-store.ts';
import { subscriptionStore } from './subscriptions/postgres/subscription-store.ts';
import type { TopUpLedger } from './topups/app/ports.ts';
import { startTopUps } from './topups/start-top-ups.ts';
import { makeInboxRound, makeStripeWebhook } from './webhooks-in/app/webhooks.ts';
import { webhookVerifier } from './webhooks-in/stripe/stripe-webhook.ts';

/**
 * Charges worked on at once by one instance, each on a database connection of its own while it lasts; and one refund.
 */
const concurrency = 4;
const outboxIdleMs = 2_000;

export type ChargingOptions = {
  readonly databaseUrl: string;
  readonly pool: Pool;
  readonly eventLog: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stripe: StripeSettings;
  readonly planAt: PlanAt;
  readonly planOf: PlanOf;
  readonly ledger: CrossingsOfLedger & TopUpLedger;
  readonly fourEyes: FourEyes;
};
export type RunningCharging = {
  readonly charging: Charging;
  readonly queries: MoneyQueries & ReconcileQueries & TopUpQueries;
  stop(): Promise<void>;
};

/** An outage passes; everything else is a mistake of ours that somebody must look at. */
const tellWith =
  (logger: Logger) =>
  (what: string) =>
  (error: unknown): void =>
    logger[error instanceof AppError && error.kind === 'unavailable' ? 'warn' : 'error']({ err: error }, what);

/**
 * Joins charges, customers, subscriptions and webhooks with Stripe and the database, and starts what works by itself.
 */
export function startCharging(options: ChargingOptions): RunningCharging {
  const { pool, clock, logger, planAt } = options;
  const tell = tellWith(logger);
  const holders = createPool({
    url: options.databaseUrl,
    max: concurrency + 1,
    applicationName: 'tollgate-billing-charges',
    onLostConnection: (error) => logger.warn({ reason: error.message }, 'a database connection was lost'),
  });
  const stripe = stripeClient(options.stripe);
  const [store, payments, accounts] = [chargeStore(pool, holders), stripePayments(stripe), stripeAccounts(stripe)];
  const [refunding, refunds] = [refundStore(pool, holders), stripeRefunds(stripe)];
  const [customers, subscriptions, fees, outbox, periodMoney] = [
    customerStore(pool),
    subscriptionStore(pool),
    feeStore(pool),
    chargeOutbox(pool),
    periodBooks(pool),
  ];
  // Spread only: no secret hangs on it.
  const jitter = (): number => randomInt(1_000) / 1_000;

  const publish = chargeLog(options.eventLog);
  const publisher: Loop = startLoop({
    round: async () => ((await outbox.publish(publish)) > 0 ? 0 : outboxIdleMs),
    onFailure: tell('charges could not be published; it is tried again'),
  });
  const charging: Charging = new Charging({
    store,
    clock,
    wakeWorker: () => worker.wake(),
    wakeOutbox: () => publisher.wake(),
  });
  const onChange = (): void => charging.changed();
  const feePlanOf = makeFeePlanOf({ customers, ledger: options.ledger, planAt });
  const { worker, refunder, payFees, priceFees } = startLoops({
    feePlanOf,
    stripe: options.stripe,
    store,
    payments,
    refundStore: refunding,
    refunds,
    fees,
    subscriptions,
    customers,
    accounts,
    clock,
    concurrency,
    jitter,
    onChange,
    logger,
    tell,
  });
  const topUps = startTopUps({
    pool,
    holders,
    stripe: options.stripe === 'off' ? null : stripe,
    eventLog: options.eventLog,
    ledger: options.ledger,
    customers,
    clock,
    onFailure: tell('top-ups could not be worked on; it is tried again'),
  });
  const payerChanged = async (users: readonly string[]): Promise<void> => {
    await charging.payerChanged(users);
    if (await fees.ask(users, clock.nowMs())) payFees.wake();
  };
  const onUnread = (error: unknown, event: object): void =>
    logger.error({ err: error, ...event }, 'a webhook of Stripe cannot be read');
  const webhooks = {
    verify: webhookVerifier(stripe, options.stripe === 'off' ? '' : options.stripe.webhookSecret, onUnread),
    inbox: stripeInbox(pool),
    charges: store,
    payments,
    refunds,
    refundStore: refunding,
    subscriptions,
    customers,
    topUps,
    clock,
    jitter,
    payerChanged,
    onChange,
    onFailure: tell('a webhook could not be applied; it is tried again'),
  };
  const inbox =
    options.stripe === 'off'
      ? noLoop
      : startLoop({
          round: makeInboxRound(webhooks),
          onFailure: tell('webhooks could not be read; it is tried again'),
        });
  const reconciling = startReconciling({
    pool,
    stripe,
    planAt,
    planOf: options.planOf,
    logger,
    ledger: options.ledger,
    charges: store,
    applying: webhooks,
    feePlanOf,
    wake: () => {
      worker.wake();
      publisher.wake();
    },
  });
  return {
    charging,
    queries: {
      ...charging.queries,
      periodMoney: ({ user_id: userId, from, to }) =>
        periodMoney({ userId, fromMs: Date.parse(from), toMs: Date.parse(to) }),
      ...makeFeeQueries({ books: feeBooks(pool), subscriptions, customers, stripe: accounts, clock }),
      ...makeRefundQueries({
        store: refunding,
        clock,
        fourEyes: options.fourEyes,
        onApproved: () => refunder.wake(),
        onChange,
      }),
      ...topUps.queries,
      ...reconciling.queries,
      ...(options.stripe === 'off'
        ? {
            startReconciliation: () => Promise.reject(stripeIsOff()),
            putAutoTopUp: () => Promise.reject(stripeIsOff()),
          }
        : {}),
      putCustomer: makePutCustomer({ store: customers, stripe: accounts, clock, payerChanged }),
      customer: ({ user_id: userId }) => customers.view(userId),
      usersOfCustomer: ({ customer_id: customer, after, limit }) => customers.usersOf(customer, { after, limit }),
      createSubscription: makeCreateSubscription({
        store: subscriptions,
        customers,
        stripe: accounts,
        feePlanOf,
        clock,
      }),
      stripeWebhook: makeStripeWebhook(webhooks),
    },
    stop: async () => {
      await Promise.all([topUps, worker, refunder, payFees, priceFees, inbox, reconciling].map((loop) => loop.stop()));
      await publisher.stop();
      await holders.end();
    },
  };
}
