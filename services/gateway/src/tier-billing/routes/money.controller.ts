import { Body, Controller, Get, HttpCode, Param, Post, Put, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { shownNumber } from '../../credits/routes/shapes.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { scopedKey } from '../../ledger-client/app/requests.ts';
import { mayDo } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf, callerOf } from '../../people-and-keys/routes/caller.ts';
import { ChargeList, ChargeTried, CustomerShown, SubscriptionCreated } from './answer-shapes.ts';
import { ChargeId, CreateSubscription, ListCharges, PutCustomer, UserId } from './shapes.ts';

const surface = 'tier billing';
const subscribe = { scope: 'accounts:write', owners: true } as const;
const admin = { scope: 'admin' } as const;
const chargeExample = {
  id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
  user_id: 'user-uuid',
  account: 'metered:user-uuid',
  period: { start: '2026-11-01T00:00:00.000Z', end: '2026-12-01T00:00:00.000Z' },
  block: '1',
  billing_tier: '8M-16M',
  amount_minor: '10000',
  currency: 'BRL',
  status: 'failed',
  reason: 'generic_decline',
  payment_intent: 'pi_3P1',
  attempts: 1,
  next_try_at: '2026-11-21T13:02:11.000Z',
  credited_at: null,
  created_at: '2026-11-21T12:00:00.000Z',
  updated_at: '2026-11-21T12:00:01.000Z',
};

@ApiTags('tier billing')
@Controller('api/token-billing')
export class SubscriptionController {
  private readonly billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.billing = billing;
  }

  @Post('create-subscription')
  @UseGuards(guarded(subscribe))
  @documented({
    summary: 'Starts the monthly fee of a Stripe customer: in full now, then on the 1st',
    auth: 'server key or owner',
    status: 200,
    once: true,
    surface,
    answer: SubscriptionCreated,
    errors: [
      'CUSTOMER_UNKNOWN',
      'STRIPE_REFUSED',
      'STRIPE_UNAVAILABLE',
      [403, "This is another user's customer", 'NOT_OWNER'],
    ],
    description: 'A subscription that runs is answered as it is; a second one is never made.',
    example: {
      success: true,
      data: {
        subscriptionId: 'sub_1P1',
        amount: 40_000,
        status: 'active',
        currentPeriodStart: '2026-11-21T12:00:00.000Z',
        currentPeriodEnd: '2026-12-01T00:00:00.000Z',
      },
    },
  })
  async create(
    @Body({ schema: CreateSubscription }) body: CreateSubscription,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.refuseOthers(request, body.customerId);
    const key = scopedKey(callerOf(request));
    const { subscription, replayed } = await this.billing.createSubscription({
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

  /** A user may subscribe the customer that pays for them, and nobody else's. */
  private async refuseOthers(request: FastifyRequest, customerId: string): Promise<void> {
    const principal = principalOf(request);
    if (mayDo(principal, subscribe.scope)) return;
    const own = principal.type === 'user' ? await this.billing.customer({ user_id: principal.userId }) : null;
    if (own?.customer_id !== customerId) throw new AppError('refused', 'NOT_OWNER', "This is another user's customer");
  }
}

@ApiTags('tier billing: administration')
@Controller('api/admin/billing')
export class MoneyAdminController {
  private readonly billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.billing = billing;
  }

  @Put('customers/:userId')
  @UseGuards(guarded(admin))
  @documented({
    summary: 'Names who pays for a user; without customer_id the Stripe customer is made',
    auth: 'admin',
    status: 200,
    surface,
    answer: CustomerShown,
    errors: ['CUSTOMER_UNKNOWN', 'STRIPE_REFUSED', 'STRIPE_UNAVAILABLE'],
    description: 'A payment method is attached and used from now on; charges that waited for one are tried at once.',
    example: { success: true, user_id: 'user-uuid', customer_id: 'cus_1P1', payment_method: 'pm_1P1' },
  })
  async putCustomer(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: PutCustomer }) body: PutCustomer,
  ): Promise<unknown> {
    const { customer_id: customer, email, payment_method: method } = body ?? {};
    const put = await this.billing.putCustomer({
      user_id: userId,
      ...(customer == null ? {} : { customer_id: customer }),
      ...(email == null ? {} : { email }),
      ...(method == null ? {} : { payment_method: method }),
    });
    return { success: true, ...put };
  }

  @Get('charges')
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented({
    summary: 'Charges, newest first',
    auth: 'server key',
    status: 200,
    surface,
    answer: ChargeList,
    description: 'period: a month (2026-11), or any date or time in it.',
    example: { success: true, data: { items: [chargeExample], pagination: { page: 1, limit: 20, total: 1 } } },
  })
  async charges(
    @Query({ schema: ListCharges }) { page, limit, user_id: user, status, period }: ListCharges,
  ): Promise<unknown> {
    const { items, total } = await this.billing.listCharges({
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
  @documented({
    summary: 'Tries a charge now, whatever its backoff says, and waits at most 2 s for the outcome',
    auth: 'admin',
    status: 200,
    surface,
    answer: ChargeTried,
    errors: ['CHARGE_UNKNOWN', 'CHARGE_NOT_RETRYABLE'],
    example: {
      success: true,
      data: { ...chargeExample, status: 'succeeded', reason: null, attempts: 2, next_try_at: null },
    },
  })
  async retry(@Param('id', { schema: ChargeId }) id: string, @Req() request: FastifyRequest): Promise<unknown> {
    const { actor: by, address } = actorOf(request);
    const charge = await this.billing.retryCharge({ id, by, address });
    if (charge === null) throw new AppError('not_found', 'CHARGE_UNKNOWN', 'Charge not found');
    return { success: true, data: charge };
  }
}
