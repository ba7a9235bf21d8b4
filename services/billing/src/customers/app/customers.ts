import { createHash } from 'node:crypto';

import type { MoneyQueries } from '@tollgate/contracts';
import { AppError, type Clock } from '@tollgate/kernel';

import type { CustomerStore, StripeCustomers } from './customer-ports.ts';

/** See `MoneyQueries.putCustomer`. A repeat makes no second customer: the key follows from the user. */
export const makePutCustomer =
  (parts: {
    readonly store: CustomerStore;
    readonly stripe: StripeCustomers;
    readonly clock: Clock;
    /** Called when the user can pay now, or has a customer for the first time. */
    readonly payerChanged: (userIds: readonly string[]) => Promise<void>;
  }): MoneyQueries['putCustomer'] =>
  async ({ user_id: userId, customer_id: given, email, payment_method: method }) => {
    const { store, stripe, clock } = parts;
    const known = await store.find(userId, clock.nowMs());
    const named = given ?? known.customerId;
    const found = named === null ? null : await stripe.customer(named);
    if (given !== undefined && found === null)
      throw new AppError('not_found', 'CUSTOMER_UNKNOWN', 'Customer not found');
    // One that Stripe does not know (any more) is replaced.
    const customer =
      named !== null && found !== null ? named : await stripe.createCustomer({ userId, key: keyOf(userId, named) });
    if (email !== undefined) await stripe.setEmail(customer, email);
    const kept = known.customerId === customer ? known.paymentMethod : null;
    const paymentMethod =
      method === undefined
        ? (kept ?? found?.paymentMethod ?? null)
        : await stripe.attach({ customer, paymentMethod: method });
    const view = { user_id: userId, customer_id: customer, payment_method: paymentMethod };
    await store.save(view, clock.nowMs());
    if (paymentMethod !== null || known.customerId === null) await parts.payerChanged([userId]);
    return view;
  };

const keyOf = (userId: string, instead: string | null): string =>
  `customer:${createHash('sha256')
    .update(`${userId}\n${instead ?? ''}`)
    .digest('hex')
    .slice(0, 40)}`;
