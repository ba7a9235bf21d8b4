import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries, RefundDecided } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { docs } from './refunds.docs.ts';
import { DeclineRefund, ListRefunds, RefundId } from './shapes.ts';
const approver = { scope: 'billing:approve' } as const;

/** Refunds of blocks that were corrected after they were paid: proposed by the platform, decided by finance. */
@ApiTags('tier billing: administration')
@Controller('api/admin/billing/refunds')
export class RefundsController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  @Get()
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented(docs.list)
  async list(@Query({ schema: ListRefunds }) { page, limit, ...filter }: ListRefunds): Promise<unknown> {
    const { status, user_id: user } = filter;
    const { items, total } = await this.#billing.listRefunds({
      offset: (page - 1) * limit,
      limit,
      ...(status === undefined ? {} : { status }),
      ...(user === undefined ? {} : { user_id: user }),
    });
    return { success: true, data: { items, pagination: { page, limit, total } } };
  }

  @Post(':id/approve')
  @HttpCode(200)
  @UseGuards(guarded(approver))
  @documented(docs.approve)
  async approve(
    @Param('id', { schema: RefundId }) id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { key, actor: by, address } = actorOf(request);
    answer(reply, await this.#billing.approveRefund({ id, by, address, ...(key === undefined ? {} : { key }) }));
  }

  @Post(':id/decline')
  @HttpCode(200)
  @UseGuards(guarded(approver))
  @documented(docs.decline)
  async decline(
    @Param('id', { schema: RefundId }) id: string,
    @Body({ schema: DeclineRefund }) { reason, credit }: DeclineRefund,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { key, actor: by, address } = actorOf(request);
    answer(
      reply,
      await this.#billing.declineRefund({ id, by, address, reason, credit, ...(key === undefined ? {} : { key }) }),
    );
  }
}

function answer(reply: FastifyReply, decided: RefundDecided | null): void {
  if (decided === null) throw new AppError('not_found', 'REFUND_UNKNOWN', 'Refund not found');
  if (decided.replayed) void reply.header('idempotent-replay', 'true');
  void reply.code(200).send({ success: true, data: decided.refund });
}
