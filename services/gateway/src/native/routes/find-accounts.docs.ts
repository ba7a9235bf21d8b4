import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { AccountsFound } from './answer-shapes.ts';
import { accountExample } from './examples.ts';

const { lots: _lots, holds: _holds, ...example } = accountExample;

const limit = { account: 'acme', limit: '1000', used: '700', held: '150', remaining: '150' };

/** What OpenAPI says of these routes. */
export const docs = {
  find: {
    summary: 'Finds accounts near a limit, below a balance, of a unit or of an owner',
    auth: 'server key',
    status: 200,
    answer: AccountsFound,
    description:
      "All conditions must hold. `used_above=80%`: at least that share of one of the account's own limits is " +
      'used or held in the current period; `nearest` is the limit with the largest share. `balance_below`: the ' +
      "balance less what is held is lower, in the account's own unit, for wallets, credits and licence keys. " +
      'Closed accounts are not found. A page may hold fewer items than `limit`, or none, while `next` is set. A ' +
      'key that is bound to an account sees that account and those below it.',
    example: { items: [{ ...example, limits: [limit], nearest: { ...limit, used_percent: '85.00' } }], next: null },
  },
} satisfies Record<string, Documentation>;
