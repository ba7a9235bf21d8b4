import { invariant } from '@tollgate/kernel';
import { stripeAmount } from '@tollgate/pricing';
import type Stripe from 'stripe';

import { asked } from '../../stripe/stripe-asked.ts';
import { isMissing, isRefusal } from '../../stripe/stripe-failure.ts';
import type { SubscriptionState } from '../../webhooks-in/domain/stripe-event.ts';
import type { StripeSubscriptions } from '../app/subscription-ports.ts';

/** The one Product of monthly fees: its id is chosen by us, so that two instances cannot make two. */
const productId = 'tollgate_monthly_fee';

/** `StripeSubscriptions` on Stripe. */
export function stripeSubscriptions(stripe: Stripe): StripeSubscriptions {
  return {
    price: (of) => asked(() => price(stripe, of)),
    setPrice: ({ subscription, price: wanted, key }) =>
      asked(async () => {
        const [item] = (await stripe.subscriptions.retrieve(subscription)).items.data;
        if (item === undefined || item.price.id === wanted) return;
        await stripe.subscriptions.update(
          subscription,
          { items: [{ id: item.id, price: wanted }], proration_behavior: 'none' },
          { idempotencyKey: key },
        );
      }),
    createSubscription: ({ request, key }) =>
      asked(async () => {
        const made = subscriptionState(await stripe.subscriptions.create(creation(request), { idempotencyKey: key }));
        invariant(made !== null, 'a subscription keeps the metadata that it was made with');
        return made;
      }),
    findSubscription: ({ customer: id, ours }) =>
      asked(async () => {
        for await (const each of stripe.subscriptions.list({ customer: id, status: 'all', limit: 100 })) {
          if (each.metadata['tollgate_subscription'] === ours) return subscriptionState(each);
        }
        return null;
      }),
    subscription: (id) =>
      asked(async () => {
        try {
          return subscriptionState(await stripe.subscriptions.retrieve(id));
        } catch (error) {
          if (isMissing(error)) return null;
          throw error;
        }
      }),
  };
}

/**
 * Found by our own id and lookup key, or created. Under a race Stripe refuses the second creation, and the first is
 * found.
 */
async function price(
  stripe: Stripe,
  of: { readonly amountMinor: bigint; readonly currency: string },
): Promise<{ product: string; price: string }> {
  const currency = of.currency.toLowerCase();
  const lookupKey = `${productId}_${currency}_${of.amountMinor}`;
  const find = async (): Promise<Stripe.Price | undefined> =>
    (await stripe.prices.list({ lookup_keys: [lookupKey], limit: 1 })).data[0];
  const known = await find();
  if (known !== undefined)
    return { product: typeof known.product === 'string' ? known.product : known.product.id, price: known.id };
  const amount = Number(stripeAmount(of.amountMinor, of.currency));
  invariant(Number.isSafeInteger(amount), 'a fee fits into a number');
  try {
    await unlessThere(() => stripe.products.create({ id: productId, name: 'Monthly fee' }));
    const created = await stripe.prices.create(
      { product: productId, currency, unit_amount: amount, recurring: { interval: 'month' }, lookup_key: lookupKey },
      { idempotencyKey: lookupKey },
    );
    return { product: productId, price: created.id };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // Another instance created it first.
    const made = await find();
    if (made === undefined) throw error;
    return { product: productId, price: made.id };
  }
}

/** Another instance may have created it just now. */
async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

function creation(request: Readonly<Record<string, unknown>>): Stripe.SubscriptionCreateParams {
  return request as unknown as Stripe.SubscriptionCreateParams;
}

/** A subscription of ours as Stripe tells it; since 2025 its period is that of its item. null: it is not ours. */
export function subscriptionState(subscription: Stripe.Subscription): SubscriptionState | null {
  const ours = subscription.metadata['tollgate_subscription'];
  const [item] = subscription.items.data;
  if (ours === undefined || item === undefined) return null;
  return {
    subscription: subscription.id,
    ours,
    customer: typeof subscription.customer === 'string' ? subscription.customer : subscription.customer.id,
    status: subscription.status,
    currentPeriodStartMs: item.current_period_start * 1000,
    currentPeriodEndMs: item.current_period_end * 1000,
  };
}
