import { AppError, type Clock } from '@tollgate/kernel';

import type { CustomerStore } from '../../customers/app/customer-ports.ts';
import type { FeeStore, StripeFees, UnpaidFee } from './fee-ports.ts';
import type { StripeSubscriptions, SubscriptionStore } from './subscription-ports.ts';

type Parts = {
  readonly store: FeeStore;
  readonly subscriptions: Pick<SubscriptionStore, 'told' | 'invoiceTold'>;
  readonly customers: Pick<CustomerStore, 'paymentMethodOf'>;
  readonly stripe: Pick<StripeFees, 'invoicesOf' | 'payInvoice'> & Pick<StripeSubscriptions, 'subscription'>;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
};

const idleMs = 5_000;
/** While Stripe does not answer; without an end. */
const waitMs = 30_000;
const feesMax = 50;

/**
 * Pays open invoices of subscriptions for which a payment method came (`FeeStore.ask`), oldest first; answers how long
 * to rest. What is to be tried is a row, so that a crash anywhere costs nothing; Stripe takes the money of an invoice
 * once, even when several instances ask repeatedly.
 */
export const makeFeeRound = (parts: Parts) => async (): Promise<number> => {
  const due = await parts.store.due(parts.clock.nowMs(), feesMax);
  for (const fee of due) {
    const nextMs = await payOpen(parts, fee).then(
      () => null,
      (error: unknown) => {
        if (!(error instanceof AppError && error.kind === 'unavailable')) parts.onFailure(error);
        return parts.clock.nowMs() + waitMs;
      },
    );
    await parts.store.settle(fee, nextMs);
  }
  return due.length === feesMax ? 0 : idleMs;
};

/** After a refusal we stop: Stripe retries by its own schedule, and another payment method makes us try again. */
async function payOpen(parts: Parts, fee: UnpaidFee): Promise<void> {
  const { stripe, subscriptions, clock } = parts;
  const method = await parts.customers.paymentMethodOf(fee.customerId);
  let refused = method === null;
  for (const { id, open, facts } of await stripe.invoicesOf({
    customer: fee.customerId,
    subscription: fee.subscriptionId,
  })) {
    // A paid invoice may have been paid by our own call whose answer was lost.
    await subscriptions.invoiceTold(facts, clock.nowMs());
    if (!open || refused || method === null) continue;
    const paid = await stripe.payInvoice({ invoice: id, paymentMethod: method, key: `${id}:pay:${fee.attempts}` });
    if (paid === null) refused = true;
    else await subscriptions.invoiceTold(paid, clock.nowMs());
  }
  const state = await stripe.subscription(fee.subscriptionId);
  if (state !== null) await subscriptions.told(state, { toldMs: clock.nowMs(), nowMs: clock.nowMs() });
}
