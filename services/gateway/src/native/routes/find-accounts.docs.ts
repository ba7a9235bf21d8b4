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
      "All that is asked must hold. `used_above=80%`: of one of the account's own limits at least that share is " +
      'used or held in its present period; ' +
      '`nearest` is the limit of which most is. `balance_below`: the balance without what is held is less, in ' +
      "the account's own unit; wallets, credits and " +
      'licence keys keep one. Closed accounts are near nothing. A page may hold fewer than `limit`, also none, ' +
      'while `next` leads on. ' +
      'A key that is bound to an account sees that one and those below it.',
    example: { items: [{ ...example, limits: [limit], nearest: { ...limit, used_percent: '85.00' } }], next: null },
  },
} satisfies Record<string, Documentation>;
