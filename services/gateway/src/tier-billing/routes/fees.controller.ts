import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries, FeeView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { FeeList, FeeShown } from './answer-shapes.ts';
import { InvoiceId, ListFees, WriteOff } from './shapes.ts';

const surface = 'tier billing';
const feeExample = {
  invoice_id: 'in_1P1',
  subscription_id: 'sub_1P1',
  customer_id: 'cus_1P1',
  user_id: 'user-uuid',
  status: 'failed',
  amount_minor: '40000',
  currency: 'BRL',
  period_start: '2026-12-01T00:00:00.000Z',
  decided: null,
};

/** Monthly fees: what is due, and what finance does with what nobody pays. */
@ApiTags('tier billing: administration')
@Controller('api/admin/billing/fees')
export class FeesController {
  private readonly billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.billing = billing;
  }

  @Get()
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented({
    summary: 'Monthly fees, newest period first',
    auth: 'server key',
    status: 200,
    surface,
    answer: FeeList,
    example: { success: true, data: { items: [feeExample], pagination: { page: 1, limit: 20, total: 1 } } },
    description:
      'status: open (due, not tried yet), failed (tried, still due), paid, voided, uncollectible (given up; a ' +
      'later payment still settles it).',
  })
  async list(@Query({ schema: ListFees }) { page, limit, status, user_id: user }: ListFees): Promise<unknown> {
    const { items, total } = await this.billing.listFees({
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
  @documented({
    summary: 'Has a fee taken now with what its customer pays with, also of a subscription that has ended',
    auth: 'admin',
    status: 200,
    surface,
    answer: FeeShown,
    errors: ['FEE_UNKNOWN', 'FEE_NOT_DUE', 'STRIPE_UNAVAILABLE'],
    example: { success: true, data: { ...feeExample, status: 'paid' } },
  })
  async retry(
    @Param('invoice', { schema: InvoiceId }) invoice: string,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { actor: by, address } = actorOf(request);
    return shown(await this.billing.retryFee({ invoice, by, address }));
  }

  @Post(':invoice/write-off')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'billing:approve' }))
  @documented({
    summary: 'Ends a fee that is due: void, as if it had never been asked for, or uncollectible, given up',
    auth: 'admin',
    status: 200,
    surface,
    answer: FeeShown,
    errors: ['FEE_UNKNOWN', 'FEE_NOT_DUE', 'STRIPE_REFUSED', 'STRIPE_UNAVAILABLE'],
    example: { success: true, data: { ...feeExample, status: 'uncollectible' } },
  })
  async writeOff(
    @Param('invoice', { schema: InvoiceId }) invoice: string,
    @Body({ schema: WriteOff }) { how, reason }: WriteOff,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { actor: by, address } = actorOf(request);
    return shown(await this.billing.writeOffFee({ invoice, how, reason, by, address }));
  }
}

function shown(fee: FeeView | null): unknown {
  if (fee === null) throw new AppError('not_found', 'FEE_UNKNOWN', 'Fee not found');
  return { success: true, data: fee };
}
