import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries, FeeView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { docs } from './fees.docs.ts';
import { InvoiceId, ListFees, WriteOff } from './shapes.ts';

/** Monthly fees: what is due, and how unpaid fees are ended. */
@ApiTags('tier billing: administration')
@Controller('api/admin/billing/fees')
export class FeesController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  @Get()
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented(docs.list)
  async list(@Query({ schema: ListFees }) { page, limit, status, user_id: user }: ListFees): Promise<unknown> {
    const { items, total } = await this.#billing.listFees({
      offset: (page - 1) * limit,
      limit,
      ...(status === undefined ? {} : { status }),
      ...(user === undefined ? {} : { user_id: user }),
    });
    return { success: true, data: { items, pagination: { page, limit, total } } };
  }

  @Post(':invoice/retry')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'billing:approve' }))
  @documented(docs.retry)
  async retry(
    @Param('invoice', { schema: InvoiceId }) invoice: string,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { actor: by, address } = actorOf(request);
    return shown(await this.#billing.retryFee({ invoice, by, address }));
  }

  @Post(':invoice/write-off')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'billing:approve' }))
  @documented(docs.writeOff)
  async writeOff(
    @Param('invoice', { schema: InvoiceId }) invoice: string,
    @Body({ schema: WriteOff }) { how, reason }: WriteOff,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { actor: by, address } = actorOf(request);
    return shown(await this.#billing.writeOffFee({ invoice, how, reason, by, address }));
  }
}

function shown(fee: FeeView | null): unknown {
  if (fee === null) throw new AppError('not_found', 'FEE_UNKNOWN', 'Fee not found');
  return { success: true, data: fee };
}
