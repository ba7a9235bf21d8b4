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
      'Exactly one of: `email` of a user account; `owner` of accounts, as these name it; `external_id`, by ' +
      'which another system knows them: a customer of ' +
      "Stripe (`cus_…`), or a user's id that a product or an identity provider chose. Exact matches only; who " +
      'is not known gives an empty list. ' +
      'At most 100 accounts are shown; GET /v1/accounts?owner= lists all of an owner.',
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
