import { Module } from '@nestjs/common';
import type { MoneyQueries } from '@tollgate/contracts';
import { provided, token } from '@tollgate/service-kit';

import { CORE } from '../core/core.ts';
import type { CustomerStore, StripeCustomers } from './app/customer-ports.ts';
import { makePutCustomer } from './app/customers.ts';
import { PayerChanges } from './app/payer-changes.ts';
import { customerStore } from './postgres/customer-store.ts';
import { stripeCustomers } from './stripe/stripe-customers.ts';

export const CUSTOMERS = {
  store: token<CustomerStore>('customers.store'),
  stripe: token<StripeCustomers>('customers.stripe'),
  queries:
    token<Pick<MoneyQueries, 'putCustomer' | 'customer' | 'usersOfCustomer' | 'usersOfEmail'>>('customers.queries'),
} as const;

/** Who pays for a user, and with what. */
@Module({
  providers: [
    provided(CUSTOMERS.store, [CORE.entities], customerStore),
    provided(CUSTOMERS.stripe, [CORE.stripe], stripeCustomers),
    PayerChanges,
    provided(
      CUSTOMERS.queries,
      [CUSTOMERS.store, CUSTOMERS.stripe, CORE.clock, PayerChanges],
      (store, stripe, clock, payerChanges) => ({
        putCustomer: makePutCustomer({ store, stripe, clock, payerChanged: (users) => payerChanges.tell(users) }),
        customer: ({ user_id: userId }) => store.view(userId),
        usersOfEmail: async ({ email }) => {
          const payers = await stripe.withEmail(email);
          return [...new Set((await Promise.all(payers.map((payer) => store.usersOf(payer)))).flat())].sort();
        },
        usersOfCustomer: ({ customer_id: customer, after, limit }) => store.usersOf(customer, { after, limit }),
      }),
    ),
  ],
  exports: [...Object.values(CUSTOMERS), PayerChanges],
})
export class CustomersModule {}
