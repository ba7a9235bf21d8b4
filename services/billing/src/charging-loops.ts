import type { Clock } from '@tollgate/kernel';
import type { Logger } from '@tollgate/service-kit';
import { type Loop, startLoop } from '@tollgate/service-kit';

import type { ChargeStore, Payments } from './charges/app/charge-ports.ts';
import { startChargeWorker } from './charges/app/charge-worker.ts';
import { releaseHeld, startHolding } from './charges/app/stripe-off.ts';
import type { Refunds, RefundStore } from './refunds/app/refund-ports.ts';
import { startRefundWorker } from './refunds/app/refunding.ts';
import type { StripeSettings } from './stripe/stripe-client.ts';
import type { CustomerStore, FeeStore, StripeAccounts, SubscriptionStore } from './subscriptions/app/account-ports.ts';
import type { FeePlanOf } from './subscriptions/app/fee-plan.ts';
import { makeFeePriceRound } from './subscriptions/app/fee-prices.ts';
import { makeFeeRound } from './subscriptions/app/fees.ts';

export type LoopParts = {
  readonly stripe: StripeSettings;
  readonly store: ChargeStore;
  readonly payments: Payments;
  readonly refundStore: RefundStore;
  readonly refunds: Refunds;
  readonly feePlanOf: FeePlanOf;
  readonly fees: FeeStore;
  readonly subscriptions: SubscriptionStore;
  readonly customers: CustomerStore;
  readonly accounts: StripeAccounts;
  readonly clock: Clock;
  readonly concurrency: number;
  readonly jitter: () => number;
  readonly onChange: () => void;
  readonly logger: Logger;
  readonly tell: (what: string) => (error: unknown) => void;
};
export type Loops = {
  readonly worker: Loop;
  readonly refunder: Loop;
  readonly payFees: Loop;
  readonly priceFees: Loop;
};

export const noLoop: Loop = { wake: () => undefined, stop: () => Promise.resolve() };

/** Starts what sends to Stripe by itself; while Stripe is off, what says why charges wait. */
export function startLoops(parts: LoopParts): Loops {
  const { store, clock, onChange, logger, tell } = parts;
  if (parts.stripe === 'off') {
    logger.warn('Stripe is off (STRIPE=off): charges stay pending, no webhook of Stripe is taken');
    return {
      worker: startHolding({ store, clock, onChange, onFailure: tell('charges could not be read; it is tried again') }),
      refunder: noLoop,
      payFees: noLoop,
      priceFees: noLoop,
    };
  }
  const worker = startChargeWorker({
    store,
    payments: parts.payments,
    clock,
    concurrency: parts.concurrency,
    jitter: parts.jitter,
    onChange,
    onFailure: tell('charges could not be worked on; it is tried again'),
  });
  const refunder = startRefundWorker({
    store: parts.refundStore,
    refunds: parts.refunds,
    clock,
    onFailure: tell('refunds could not be worked on; it is tried again'),
    onChange: () => {
      onChange();
      worker.wake();
    },
  });
  const payFees = startLoop({
    round: makeFeeRound({
      store: parts.fees,
      subscriptions: parts.subscriptions,
      customers: parts.customers,
      stripe: parts.accounts,
      clock,
      onFailure: tell('a fee could not be paid; it is tried again'),
    }),
    onFailure: tell('unpaid fees could not be read; it is tried again'),
  });
  const priceFees = startLoop({
    round: makeFeePriceRound({
      store: parts.subscriptions,
      stripe: parts.accounts,
      feePlanOf: parts.feePlanOf,
      clock,
      onFailure: tell('the price of a subscription could not be set; it is tried again'),
      onCurrency: ({ subscriptionId, currency }, wanted) =>
        logger.warn(
          { subscription: subscriptionId, currency, wanted, code: 'FEE_CURRENCY_DIFFERS' },
          'the plan is in another currency than the subscription: end it and begin another one',
        ),
    }),
    onFailure: tell('subscriptions could not be read; it is tried again'),
  });
  return { worker: releasing(parts, worker), refunder, payFees, priceFees };
}

/**
 * What waited because Stripe was off is due again. Found after the start, so that a database that is away delays
 * nothing.
 */
function releasing({ store, clock, logger, tell }: LoopParts, worker: Loop): Loop {
  let done = false;
  const release = startLoop({
    round: async () => {
      if (done) return 3_600_000;
      const released = await releaseHeld({ store, clock });
      done = true;
      if (released > 0) logger.info({ charges: released }, 'Stripe is on: charges that waited for it are tried now');
      worker.wake();
      return 3_600_000;
    },
    onFailure: tell('charges that wait for Stripe could not be read; it is tried again'),
  });
  return {
    wake: () => worker.wake(),
    stop: async () => {
      await Promise.all([release.stop(), worker.stop()]);
    },
  };
}
