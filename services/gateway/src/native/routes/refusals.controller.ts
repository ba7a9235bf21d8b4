import { Controller, Get, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { seenFrom } from '../../people-and-keys/app/own-accounts.ts';
import { guarded, principalOf, queryMember } from '../../people-and-keys/routes/access.guard.ts';
import { Refusals } from './answer-shapes.ts';
import { present } from './present.ts';
import { RefusalsQuery } from './shapes.ts';

/** Who was told no, when, and by which limit. */
@ApiTags('refusals')
@Controller('v1/refusals')
export class RefusalsController {
  private readonly ledger: LedgerQueries;

  constructor(@inject.ledger() ledger: LedgerQueries) {
    this.ledger = ledger;
  }

  @Get()
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: queryMember('account') }))
  @documented({
    summary: 'Refusals of every surface, newest first: what was asked, the limit that refused, what was available',
    auth: 'server key or owner',
    status: 200,
    answer: Refusals,
    errors: ['ACCOUNT_UNKNOWN'],
    description:
      'Answered ones, and events that were refused when booked. Kept 30 days, the newest 1,000 an account; an ' +
      'account that is refused more than 60 ' +
      'times a minute has the others counted: `count` says how many refusals of a code an item stands for. ' +
      'under=true: of the accounts below `account` too. ' +
      'Users name an account of their own.',
    example: {
      items: [
        {
          account: 'acme/search',
          refused_at: '2026-11-21T12:00:00.000Z',
          code: 'ALLOWANCE_EXHAUSTED',
          detail: 'asked for 12 token, the budget of acme has 3 available',
          limit: { account: 'acme', limit: '100' },
          asked: '12',
          available: '3',
          source: 'http:spend',
          request_id: 'k-1',
          type: 'spend',
          correlation_id: 'k3x9-17',
          answered: true,
          count: 1,
        },
      ],
      next: null,
    },
  })
  async list(
    @Query({ schema: RefusalsQuery }) query: RefusalsQuery,
    @Req() request: FastifyRequest,
  ): ReturnType<LedgerQueries['refusals']> {
    const principal = principalOf(request);
    const user = principal.type === 'user' && !principal.admin;
    if (user) {
      if (query.account === undefined)
        throw new AppError('invalid', 'REQUEST_INVALID', 'account: name one of your own accounts');
      const since = await seenFrom(this.ledger, principal, query.account);
      // Accounts below one's own may be somebody else's.
      const page = await this.ledger.refusals(present({ ...query, under: undefined }));
      const items = page.items.filter(({ refused_at: at }) => since === undefined || at >= since.recorded_at);
      return { items, next: items.length < page.items.length ? null : page.next };
    }
    return this.ledger.refusals(present(query));
  }
}
