import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Customers } from './answer-shapes.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  find: {
    summary: 'Customers by e-mail, owner or external id, with their accounts',
    auth: 'server key',
    status: 200,
    answer: Customers,
    asks: 'billing',
    description:
      'Exactly one of: `email` of a user, or of the customer at Stripe; `owner` of accounts; `external_id`: the id ' +
      "under which another system knows the customer (a Stripe customer, `cus_…`, or the user's id where products or " +
      'an identity provider chose it). Exact matches only, and Stripe tells capital letters from small ones; an ' +
      'unknown one gives an empty list. At most 100 accounts are shown; GET /v1/accounts?owner= lists all accounts ' +
      'of an owner.',
    example: {
      items: [
        {
          user_id: 'user-7',
          email: 'ada@example.org',
          name: 'Ada',
          customer_id: 'cus_Qx1',
          payment_method: 'pm_card_visa',
          accounts: [
            {
              id: 'wallet:user-7',
              kind: 'wallet',
              unit: 'token',
              status: 'active',
              balance: '999',
              held: '0',
              available: '999',
              used: '1',
            },
          ],
          more_accounts: false,
        },
      ],
      next: null,
    },
  },
} satisfies Record<string, Documentation>;
