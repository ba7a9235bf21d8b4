import { randomUUID } from 'node:crypto';

import type { MoneyQueries, SubscriptionView } from '@tollgate/contracts';
import { AppError, type Clock, invariant } from '@tollgate/kernel';
import { stripeAmount } from '@tollgate/pricing';

import { keyWindowMs } from '../../charges/domain/charging.ts';
import type { CustomerStore, StripeCustomers } from '../../customers/app/customer-ports.ts';
import type { FeePlanOf } from './fee-plan.ts';
import type { StripeFees } from './fee-ports.ts';
import type { StripeSubscriptions, SubscriptionRow, SubscriptionStore } from './subscription-ports.ts';

type Parts = {
  readonly store: SubscriptionStore;
  readonly customers: Pick<CustomerStore, 'paymentMethodOf'>;
  readonly stripe: StripeSubscriptions &
    Pick<StripeCustomers, 'customer' | 'payByDefault'> &
    Pick<StripeFees, 'invoicesOf'>;
  readonly feePlanOf: FeePlanOf;
  readonly clock: Clock;
};

/**
 * See `MoneyQueries.createSubscription`. A crash anywhere is made good by the next call: the row's id is Stripe's key.
 */
export const makeCreateSubscription =
  (parts: Parts): MoneyQueries['createSubscription'] =>
  async ({ customer_id: customerId, key }) => {
    const first = key === undefined ? null : await parts.store.answer({ customerId, key });
    if (first !== null) return { subscription: first, replayed: true };
    const customer = await parts.stripe.customer(customerId);
    if (customer === null) throw new AppError('not_found', 'CUSTOMER_UNKNOWN', 'Customer not found');
    const paymentMethod = await parts.customers.paymentMethodOf(customerId);
    // A subscription has no payment method of its own, so that another one of the customer's is used from then on.
    if (paymentMethod !== null && !customer.byDefault)
      await parts.stripe.payByDefault({ customer: customerId, paymentMethod });
    const row = await parts.store.begin(await draftOf(parts, customerId, paymentMethod !== null), parts.clock.nowMs());
    const made = row.view ?? (await make(parts, row, customerId));
    const answer = key === undefined ? made : await parts.store.keepAnswer({ customerId, key, answer: made });
    return { subscription: answer, replayed: false };
  };

/**
 * The fee of the plan of whom the customer pays for. The whole fee now as an item of the first invoice, then the
 * monthly price from the 1st on, without proration.
 */
async function draftOf(
  parts: Parts,
  customerId: string,
  canPay: boolean,
): Promise<Parameters<SubscriptionStore['begin']>[0]> {
  const nowMs = parts.clock.nowMs();
  const {
    amountMinor,
    currency,
    plan,
    version,
    periodStartMs: fromMs,
    periodEndMs: anchorMs,
  } = await parts.feePlanOf(customerId, nowMs);
  // The fee of this period was asked for by a subscription that has ended: it is not asked for twice.
  for (const { facts } of await parts.stripe.invoicesOf({ customer: customerId }))
    await parts.store.invoiceTold(facts, nowMs);
  const asked = await parts.store.feeAsked({ customerId, fromMs, toMs: anchorMs });
  const { product, price } = await parts.stripe.price({ amountMinor, currency });
  const id = randomUUID();
  const request = {
    customer: customerId,
    items: [{ price, quantity: 1 }],
    ...(asked
      ? {}
      : {
          add_invoice_items: [
            {
              price_data: {
                currency: currency.toLowerCase(),
                product,
                unit_amount: String(stripeAmount(amountMinor, currency)),
              },
              quantity: 1,
            },
          ],
        }),
    billing_cycle_anchor: anchorMs / 1000,
    proration_behavior: 'none',
    off_session: true,
    // Without something to pay with, Stripe makes it incomplete, to be paid when something is attached.
    payment_behavior: canPay ? 'allow_incomplete' : 'default_incomplete',
    metadata: { tollgate_subscription: id },
  };
  return { id, customerId, amountMinor, currency, anchorMs, request, plan, version };
}

async function make(parts: Parts, row: SubscriptionRow, customerId: string): Promise<SubscriptionView> {
  const { store, stripe, clock } = parts;
  try {
    // After Stripe's key window a repeated request would create a second subscription, so it is looked for first.
    const late = clock.nowMs() - row.createdMs > keyWindowMs;
    const found = late ? await stripe.findSubscription({ customer: customerId, ours: row.id }) : null;
    const state = found ?? (await stripe.createSubscription({ request: row.request, key: row.id }));
    const view = await store.told(state, { toldMs: clock.nowMs(), nowMs: clock.nowMs() });
    invariant(view !== null, 'a subscription that was begun has a row');
    return view;
  } catch (error) {
    if (error instanceof AppError && error.code === 'STRIPE_REFUSED') await store.abandon(row.id, clock.nowMs());
    throw error;
  }
}
