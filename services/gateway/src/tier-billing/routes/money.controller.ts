import { Body, Controller, Get, HttpCode, Param, Post, Put, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { shownNumber } from '../../http-kit/number-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { UserId } from '../../http-kit/text-shape.ts';
import { inject } from '../../http-kit/tokens.ts';
import { scopedKey } from '../../ledger-client/app/requests.ts';
import { mayDo } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf, callerOf } from '../../people-and-keys/routes/caller.ts';
import { docs } from './money.docs.ts';
import { ChargeId, CreateSubscription, ListCharges, PutCustomer } from './shapes.ts';
const subscribe = { scope: 'accounts:write', owners: true } as const;
const admin = { scope: 'admin' } as const;

@ApiTags('tier billing')
@Controller('api/token-billing')
export class SubscriptionController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  @Post('create-subscription')
  @UseGuards(guarded(subscribe))
  @documented(docs.create)
  async create(
    @Body({ schema: CreateSubscription }) body: CreateSubscription,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.#refuseOthers(request, body.customerId);
    const key = scopedKey(callerOf(request));
    const { subscription, replayed } = await this.#billing.createSubscription({
      customer_id: body.customerId,
      ...(key === undefined ? {} : { key }),
    });
    if (replayed) void reply.header('idempotent-replay', 'true');
    const data = {
      subscriptionId: subscription.subscription_id,
      amount: shownNumber(BigInt(subscription.amount_minor)),
      status: subscription.status,
      currentPeriodStart: subscription.current_period_start,
      currentPeriodEnd: subscription.current_period_end,
    };
    void reply.code(200).send({ success: true, data });
  }

  /** A user may subscribe only the customer that pays for that user. */
  async #refuseOthers(request: FastifyRequest, customerId: string): Promise<void> {
    const principal = principalOf(request);
    if (mayDo(principal, subscribe.scope)) return;
    const own = principal.type === 'user' ? await this.#billing.customer({ user_id: principal.userId }) : null;
    if (own?.customer_id !== customerId) throw new AppError('refused', 'NOT_OWNER', "This is another user's customer");
  }
}

@ApiTags('tier billing: administration')
@Controller('api/admin/billing')
export class MoneyAdminController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  @Put('customers/:userId')
  @UseGuards(guarded(admin))
  @documented(docs.putCustomer)
  async putCustomer(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: PutCustomer }) body: PutCustomer,
  ): Promise<unknown> {
    const { customer_id: customer, email, payment_method: method } = body ?? {};
    const put = await this.#billing.putCustomer({
      user_id: userId,
      ...(customer == null ? {} : { customer_id: customer }),
      ...(email == null ? {} : { email }),
      ...(method == null ? {} : { payment_method: method }),
    });
    return { success: true, ...put };
  }

  @Get('charges')
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented(docs.charges)
  async charges(
    @Query({ schema: ListCharges }) { page, limit, user_id: user, status, period }: ListCharges,
  ): Promise<unknown> {
    const { items, total } = await this.#billing.listCharges({
      offset: (page - 1) * limit,
      limit,
      ...(user === undefined ? {} : { user_id: user }),
      ...(status === undefined ? {} : { status }),
      ...(period === undefined ? {} : { period }),
    });
    return { success: true, data: { items, pagination: { page, limit, total } } };
  }

  @Post('charges/:id/retry')
  @HttpCode(200)
  @UseGuards(guarded(admin))
  @documented(docs.retry)
  async retry(@Param('id', { schema: ChargeId }) id: string, @Req() request: FastifyRequest): Promise<unknown> {
    const { actor: by, address } = actorOf(request);
    const charge = await this.#billing.retryCharge({ id, by, address });
    if (charge === null) throw new AppError('not_found', 'CHARGE_UNKNOWN', 'Charge not found');
    return { success: true, data: charge };
  }
}
