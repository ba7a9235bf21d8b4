import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AutoTopUpView, BillingQueries, TopUpQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { accountId } from '../../http-kit/account-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded, pathMember, queryMember } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { AutoTopUpsQuery, AutoTopUpTerms, TopUpsQuery } from './top-up-shapes.ts';
import { docs } from './top-ups.docs.ts';

/** Wallets that are topped up by themselves when they are low. */
@ApiTags('top-ups')
@Controller('v1')
export class TopUpsController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  /** Not for keys that are bound to a family: any customer may be named, and their card is charged. */
  @Put('accounts/:id/top-up')
  @UseGuards(guarded({ scope: 'billing:approve' }))
  @documented(docs.put)
  put(
    @Param('id', { schema: accountId }) account: string,
    @Body({ schema: AutoTopUpTerms }) terms: AutoTopUpTerms,
    @Req() request: FastifyRequest,
  ): Promise<AutoTopUpView> {
    const { actor: by, address } = actorOf(request);
    return this.#billing.putAutoTopUp({ account, terms, by, address });
  }

  @Get('accounts/:id/top-up')
  @UseGuards(guarded({ scope: 'billing:read', account: pathMember('id') }))
  @documented(docs.one)
  async one(@Param('id', { schema: accountId }) account: string): Promise<AutoTopUpView> {
    return known(account, await this.#billing.autoTopUp({ account }));
  }

  @Post('accounts/:id/top-up/resume')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'billing:approve', account: pathMember('id') }))
  @documented(docs.resume)
  async resume(
    @Param('id', { schema: accountId }) account: string,
    @Req() request: FastifyRequest,
  ): Promise<AutoTopUpView> {
    const { actor: by, address } = actorOf(request);
    return known(account, await this.#billing.resumeAutoTopUp({ account, by, address }));
  }

  @Delete('accounts/:id/top-up')
  @UseGuards(guarded({ scope: 'billing:approve', account: pathMember('id') }))
  @documented(docs.remove)
  async remove(
    @Param('id', { schema: accountId }) account: string,
    @Req() request: FastifyRequest,
  ): Promise<AutoTopUpView> {
    const { actor: by, address } = actorOf(request);
    return known(account, await this.#billing.removeAutoTopUp({ account, by, address }));
  }

  @Get('auto-top-ups')
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented(docs.all)
  all(@Query({ schema: AutoTopUpsQuery }) { after, limit }: AutoTopUpsQuery): ReturnType<TopUpQueries['autoTopUps']> {
    return this.#billing.autoTopUps({ limit, ...(after === undefined ? {} : { after }) });
  }

  @Get('top-ups')
  @UseGuards(guarded({ scope: 'billing:read', account: queryMember('account') }))
  @documented(docs.list)
  list(
    @Query({ schema: TopUpsQuery }) { account, status, after, limit }: TopUpsQuery,
  ): ReturnType<TopUpQueries['topUps']> {
    return this.#billing.topUps({
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
