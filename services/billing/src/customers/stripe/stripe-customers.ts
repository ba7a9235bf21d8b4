import { AppError } from '@tollgate/kernel';
import type Stripe from 'stripe';

import { asked } from '../../stripe/stripe-asked.ts';
import { isMissing } from '../../stripe/stripe-failure.ts';
import type { StripeCustomers } from '../app/customer-ports.ts';

/** `StripeCustomers` on Stripe. */
export function stripeCustomers(stripe: Stripe): StripeCustomers {
  return {
    createCustomer: ({ userId, key }) =>
      asked(async () => (await stripe.customers.create({ metadata: { user_id: userId } }, { idempotencyKey: key })).id),
    customer: (id) => asked(() => customer(stripe, id)),
    withEmail: (email) => asked(() => withEmail(stripe, email)),
    setEmail: (id, email) =>
      asked(async () => {
        await stripe.customers.update(id, { email });
      }),
    attach: ({ customer: id, paymentMethod }) =>
      asked(async () => {
        const attached = await stripe.paymentMethods.attach(paymentMethod, { customer: id });
        await payByDefault(stripe, id, attached.id);
        return attached.id;
      }),
    payByDefault: ({ customer: id, paymentMethod }) => asked(() => payByDefault(stripe, id, paymentMethod)),
  };
}

async function withEmail(stripe: Stripe, email: string): Promise<readonly string[]> {
  try {
    const ids: string[] = [];
    for await (const { id } of stripe.customers.list({ email, limit: 100 })) ids.push(id);
    return ids;
  } catch (error) {
    if (error instanceof AppError && error.code === 'STRIPE_OFF') return [];
    throw error;
  }
}

async function payByDefault(stripe: Stripe, id: string, method: string): Promise<void> {
  await stripe.customers.update(id, { invoice_settings: { default_payment_method: method } });
}

async function customer(stripe: Stripe, id: string): ReturnType<StripeCustomers['customer']> {
  try {
    const found = await stripe.customers.retrieve(id);
    if (found.deleted === true) return null;
    const method = found.invoice_settings.default_payment_method;
    if (method !== null) return { paymentMethod: typeof method === 'string' ? method : method.id, byDefault: true };
    const [first] = (await stripe.customers.listPaymentMethods(id, { limit: 1 })).data;
    return { paymentMethod: first?.id ?? null, byDefault: false };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
