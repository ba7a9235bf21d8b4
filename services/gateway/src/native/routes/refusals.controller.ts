import { Controller, Get, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { seenFrom } from '../../people-and-keys/app/own-accounts.ts';
import { guarded, principalOf, queryMember } from '../../people-and-keys/routes/access.guard.ts';
import { present } from './present.ts';
import { docs } from './refusals.docs.ts';
import { RefusalsQuery } from './shapes.ts';

/** Refusals: which account, when, and by which limit. */
@ApiTags('refusals')
@Controller('v1/refusals')
export class RefusalsController {
  readonly #ledger: LedgerQueries;

  constructor(@inject.ledger() ledger: LedgerQueries) {
    this.#ledger = ledger;
  }

  @Get()
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: queryMember('account') }))
  @documented(docs.list)
  async list(
    @Query({ schema: RefusalsQuery }) query: RefusalsQuery,
    @Req() request: FastifyRequest,
  ): ReturnType<LedgerQueries['refusals']> {
    const principal = principalOf(request);
    const user = principal.type === 'user' && !principal.admin;
    if (user) {
      if (query.account === undefined)
        throw new AppError('invalid', 'REQUEST_INVALID', 'account: name one of your own accounts');
      const since = await seenFrom(this.#ledger, principal, query.account);
      // Accounts below a user's own may belong to others.
      const page = await this.#ledger.refusals(present({ ...query, under: undefined }));
      const items = page.items.filter(({ refused_at: at }) => since === undefined || at >= since.recorded_at);
      return { items, next: items.length < page.items.length ? null : page.next };
    }
    return this.#ledger.refusals(present(query));
  }
}
