import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AutoTopUpView, BillingQueries, TopUpQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded, pathMember, queryMember } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { accountId } from './shapes.ts';
import {
  AutoTopUp,
  autoTopUpExample,
  AutoTopUps,
  AutoTopUpsQuery,
  AutoTopUpTerms,
  topUpExample,
  TopUps,
  TopUpsQuery,
} from './top-up-shapes.ts';

/** Wallets that are topped up by themselves when they are low. */
@ApiTags('top-ups')
@Controller('v1')
export class TopUpsController {
  private readonly billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.billing = billing;
  }

  @Put('accounts/:id/top-up')
  @UseGuards(guarded({ scope: 'billing:approve', account: pathMember('id') }))
  @documented({
    summary: 'Tops a wallet up by itself when it is low, with what its customer pays with at Stripe',
    auth: 'server key',
    status: 200,
    answer: AutoTopUp,
    asks: 'billing',
    example: autoTopUpExample,
    errors: ['ACCOUNT_UNKNOWN', 'ACCOUNT_KIND_CONFLICT', 'TOP_UP_PAYER_MISSING', 'STRIPE_OFF'],
    description:
      'Below `below` (balance less what is held) `units` are bought for `amount_minor` of `currency`, one payment at a ' +
      'time, off-session; the units are a purchased grant. Within a calendar day and month (UTC) no more than the ' +
      'ceilings is taken. A refused payment is tried again after 1, 6, then 24 hours; after `failures_max` refusals in ' +
      'a row nothing is tried until it is resumed. Webhooks: topup.succeeded, topup.failed, topup.limited, topup.paused, ' +
      'topup.unresolved. The same terms again change nothing; other terms also resume it.',
  })
  put(
    @Param('id', { schema: accountId }) account: string,
    @Body({ schema: AutoTopUpTerms }) terms: AutoTopUpTerms,
    @Req() request: FastifyRequest,
  ): Promise<AutoTopUpView> {
    const { actor: by, address } = actorOf(request);
    return this.billing.putAutoTopUp({ account, terms, by, address });
  }

  @Get('accounts/:id/top-up')
  @UseGuards(guarded({ scope: 'billing:read', account: pathMember('id') }))
  @documented({
    summary: 'How a wallet is topped up by itself, and where that stands',
    auth: 'server key',
    status: 200,
    answer: AutoTopUp,
    asks: 'billing',
    example: autoTopUpExample,
    errors: ['TOP_UP_UNKNOWN'],
    description:
      'status: active; waiting (after a refusal, until next_try_at); limited (a ceiling, until next_try_at); paused ' +
      '(until somebody resumes it). day_minor and month_minor: what was taken in the present day and month.',
  })
  async one(@Param('id', { schema: accountId }) account: string): Promise<AutoTopUpView> {
    return known(account, await this.billing.autoTopUp({ account }));
  }

  @Post('accounts/:id/top-up/resume')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'billing:approve', account: pathMember('id') }))
  @documented({
    summary: 'Ends a pause or a wait: the next purchase is made as soon as the wallet is low',
    auth: 'server key',
    status: 200,
    answer: AutoTopUp,
    asks: 'billing',
    example: autoTopUpExample,
    errors: ['TOP_UP_UNKNOWN'],
  })
  async resume(
    @Param('id', { schema: accountId }) account: string,
    @Req() request: FastifyRequest,
  ): Promise<AutoTopUpView> {
    const { actor: by, address } = actorOf(request);
    return known(account, await this.billing.resumeAutoTopUp({ account, by, address }));
  }

  @Delete('accounts/:id/top-up')
  @UseGuards(guarded({ scope: 'billing:approve', account: pathMember('id') }))
  @documented({
    summary: 'Tops the wallet up no more; a purchase that is under way is finished',
    auth: 'server key',
    status: 200,
    answer: AutoTopUp,
    asks: 'billing',
    example: autoTopUpExample,
    errors: ['TOP_UP_UNKNOWN'],
  })
  async remove(
    @Param('id', { schema: accountId }) account: string,
    @Req() request: FastifyRequest,
  ): Promise<AutoTopUpView> {
    const { actor: by, address } = actorOf(request);
    return known(account, await this.billing.removeAutoTopUp({ account, by, address }));
  }

  @Get('auto-top-ups')
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented({
    summary: 'Wallets that are topped up by themselves, by account',
    auth: 'server key',
    status: 200,
    answer: AutoTopUps,
    asks: 'billing',
    example: { items: [autoTopUpExample], next: null },
  })
  all(@Query({ schema: AutoTopUpsQuery }) { after, limit }: AutoTopUpsQuery): ReturnType<TopUpQueries['autoTopUps']> {
    return this.billing.autoTopUps({ limit, ...(after === undefined ? {} : { after }) });
  }

  @Get('top-ups')
  @UseGuards(guarded({ scope: 'billing:read', account: queryMember('account') }))
  @documented({
    summary: 'Purchases of units for wallets, newest first',
    auth: 'server key',
    status: 200,
    answer: TopUps,
    asks: 'billing',
    example: { items: [topUpExample], next: null },
    description:
      'status: pending (to be charged, or its outcome is not known yet), processing (Stripe is at it), paid (the units ' +
      'are on their way), succeeded, failed (nothing was taken), unresolved (paid, and the units could not be given: ' +
      'refund it at Stripe, or grant by hand).',
  })
  list(
    @Query({ schema: TopUpsQuery }) { account, status, after, limit }: TopUpsQuery,
  ): ReturnType<TopUpQueries['topUps']> {
    return this.billing.topUps({
      limit,
      ...(account === undefined ? {} : { account }),
      ...(status === undefined ? {} : { status }),
      ...(after === undefined ? {} : { after }),
    });
  }
}

function known(account: string, view: AutoTopUpView | null): AutoTopUpView {
  if (view === null) throw new AppError('not_found', 'TOP_UP_UNKNOWN', `${account} is not topped up by itself`);
  return view;
}
