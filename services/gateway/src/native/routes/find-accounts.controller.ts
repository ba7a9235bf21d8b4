import { Controller, Get, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AccountsFound as Found, LedgerQueries } from '@tollgate/contracts';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { AccountsFound } from './answer-shapes.ts';
import { accountExample } from './examples.ts';
import { present } from './present.ts';
import { FindAccountsQuery } from './shapes.ts';

const { lots: _lots, holds: _holds, ...example } = accountExample;
const limit = { account: 'acme', limit: '1000', used: '700', held: '150', remaining: '150' };

/** Which accounts come to an end soon, and whose they are. */
@ApiTags('accounts')
@Controller('v1/accounts')
export class FindAccountsController {
  private readonly ledger: LedgerQueries;

  constructor(@inject.ledger() ledger: LedgerQueries) {
    this.ledger = ledger;
  }

  @Get()
  @UseGuards(guarded({ scope: 'accounts:read', account: 'checked' }))
  @documented({
    summary: 'Accounts near a limit, below a balance, of a unit or an owner',
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
  })
  find(@Query({ schema: FindAccountsQuery }) query: FindAccountsQuery, @Req() request: FastifyRequest): Promise<Found> {
    const principal = principalOf(request);
    const { used_above: share, ...rest } = query;
    const under = principal.type === 'server' ? (principal.account ?? undefined) : undefined;
    return this.ledger.accounts(present({ ...rest, used_above_bp: share, under }));
  }
}
