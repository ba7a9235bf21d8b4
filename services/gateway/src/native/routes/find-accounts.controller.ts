import { Controller, Get, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AccountsFound as Found, LedgerQueries } from '@tollgate/contracts';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { docs } from './find-accounts.docs.ts';
import { present } from './present.ts';
import { FindAccountsQuery } from './shapes.ts';

/** Finds accounts that are close to a limit, and their owners. */
@ApiTags('accounts')
@Controller('v1/accounts')
export class FindAccountsController {
  readonly #ledger: LedgerQueries;

  constructor(@inject.ledger() ledger: LedgerQueries) {
    this.#ledger = ledger;
  }

  @Get()
  @UseGuards(guarded({ scope: 'accounts:read', account: 'checked' }))
  @documented(docs.find)
  find(@Query({ schema: FindAccountsQuery }) query: FindAccountsQuery, @Req() request: FastifyRequest): Promise<Found> {
    const principal = principalOf(request);
    const { used_above: share, ...rest } = query;
    const under = principal.type === 'server' ? (principal.account ?? undefined) : undefined;
    return this.#ledger.accounts(present({ ...rest, used_above_bp: share, under }));
  }
}
