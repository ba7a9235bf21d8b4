import { Body, Controller, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { docs } from './differences.docs.ts';
import { Acknowledge, Assign, DifferenceNumber, PaymentId, RunId } from './reconcile-shapes.ts';
const approver = { scope: 'billing:approve' } as const;

/** Decisions of finance about differences that cannot be fixed automatically. */
@ApiTags('tier billing: administration')
@Controller('api/admin/billing')
export class DifferencesController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  @Post('reconcile/:id/differences/:number/acknowledge')
  @HttpCode(200)
  @UseGuards(guarded(approver))
  @documented(docs.acknowledge)
  async acknowledge(
    @Param('id', { schema: RunId }) run: string,
    @Param('number', { schema: DifferenceNumber }) number: string,
    @Body({ schema: Acknowledge }) { reason, until }: Acknowledge,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { actor: by, address } = actorOf(request);
    const data = await this.#billing.acknowledgeDifference({ run, number, reason, until, by, address });
    if (data === null) throw new AppError('not_found', 'RESOURCE_UNKNOWN', 'Difference not found');
    return { success: true, data };
  }

  @Post('payments/:payment/assign')
  @HttpCode(200)
  @UseGuards(guarded(approver))
  @documented(docs.assign)
  async assign(
    @Param('payment', { schema: PaymentId }) payment: string,
    @Body({ schema: Assign }) body: Assign,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { actor: by, address } = actorOf(request);
    const data = await this.#billing.assignPayment({
      payment_intent: payment,
      user_id: body.user_id,
      reason: body.reason,
      by,
      address,
    });
    if (data === null) throw new AppError('not_found', 'RESOURCE_UNKNOWN', 'Payment not found');
    return { success: true, data };
  }
}
