import { Body, Controller, Get, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { shownNumber } from '../../credits/routes/shapes.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { failureOfProblem, problemOf, sendRefusal } from '../../http-kit/refusal.ts';
import { isUserMetadata, userMetadataFault } from '../../http-kit/text-shape.ts';
import { inject } from '../../http-kit/tokens.ts';
import type { Scope } from '../../people-and-keys/app/access.ts';
import { mayDo } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf, refuseOtherFamily } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';
import { TokenBilling } from '../app/token-billing.ts';
import { consumptionIdOf } from '../domain/consumption.ts';
import { TokenSummary, UsageProcessed } from './answer-shapes.ts';
import { ProcessUsage, shownCharge, SummaryQuery, UserId } from './shapes.ts';
import { shownSummary } from './summary.ts';

const surface = 'tier billing';
const write = { scope: 'events:write', owners: true, account: 'checked' } as const;
const read = { scope: 'billing:read', owners: true, account: 'checked' } as const;
const notOwn = [403, 'This is another user', 'NOT_OWNER'] as const;
const operationDefault = 'chat';

/** A user may report and read what is their own; server keys with the scope and admins, everybody's. */
function refuseOthers(request: FastifyRequest, userId: string, scope: Scope): void {
  const principal = principalOf(request);
  refuseOtherFamily(principal, surfaceAccount('metered', userId));
  if (mayDo(principal, scope) || (principal.type === 'user' && principal.userId === userId)) return;
  throw new AppError('refused', 'NOT_OWNER', 'This is another user');
}

@ApiTags('tier billing')
@Controller('api/token-billing')
export class TierBillingController {
  private readonly billing: TokenBilling;
  private readonly clock: Clock;

  constructor(billing: TokenBilling, @inject.clock() clock: Clock) {
    this.billing = billing;
    this.clock = clock;
  }

  @Post('process-usage')
  @UseGuards(guarded(write))
  @documented({
    summary: 'Counts usage in the current month and charges each block of it that is entered',
    auth: 'server key or owner',
    status: 200,
    once: true,
    answer: UsageProcessed,
    surface,
    errors: [notOwn, [400, 'one request enters at most 10000 tier blocks'], [400, userMetadataFault]],
    description:
      'Beyond 8,000,000 included tokens a month, each block of 8,000,000 that is started is one charge. Each is ' +
      'paid through Stripe, which is waited for at most 2 s; a charge without an outcome by then is pending. ' +
      'What a user reports enters at most 100 blocks and has at most 16 kB of metadata.',
    example: {
      success: true,
      data: {
        consumptionId: '0d6a4a3e-98a3-3a52-8d5e-6a6b0f2f4c11',
        totalTokens: 10_000_000,
        tierCharges: [
          {
            id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
            billing_tier: '8M-16M',
            amount_charged: 10_000,
            status: 'succeeded',
          },
        ],
      },
    },
  })
  async processUsage(
    @Body({ schema: ProcessUsage }) body: ProcessUsage,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    refuseOthers(request, body.userId, write.scope);
    const caller = callerOf(request);
    if (caller.user === true && !isUserMetadata(body.metadata ?? null))
      throw new AppError('invalid', 'REQUEST_INVALID', userMetadataFault);
    const usage = {
      userId: body.userId,
      used: BigInt(body.tokensUsed),
      operationType: body.operationType ?? operationDefault,
      clientId: body.clientId ?? undefined,
      metadata: body.metadata ?? undefined,
    };
    const answer = await this.billing.report(usage, caller);
    const problem = problemOf(answer);
    if (problem !== null) return sendRefusal(request, reply, failureOfProblem(problem, this.clock.nowMs()));
    const { entry } = answer;
    if (entry === undefined) throw new AppError('bug', 'INVARIANT_BROKEN', 'usage was booked without an entry');
    if (answer.replayed) void reply.header('idempotent-replay', 'true');
    const charges = await this.billing.charges(answer, { keyed: caller.key !== undefined });
    const data = {
      consumptionId: consumptionIdOf(entry.id),
      totalTokens: shownNumber(BigInt(entry.used_after)),
      tierCharges: (answer.crossings ?? []).map((crossing) => shownCharge(crossing, charges.get(crossing.charge_id))),
    };
    void reply.code(200).send({ success: true, data });
  }

  @Get('user-summary/:userId')
  @UseGuards(guarded(read))
  @documented({
    summary: 'What a user used and owes in a month (default: the current one)',
    auth: 'server key or owner',
    status: 200,
    surface,
    answer: TokenSummary,
    errors: [notOwn],
    description:
      'Amounts in minor units of the currency of the plan (centavos for BRL); totals has a row for each ' +
      'currency. The fixed fee counts once the invoice of the month is paid; charges count unless they are ' +
      'cancelled. credited: blocks that were corrected away after they had been paid. refunded: what went back. ' +
      'paid: all payments of the month. owed: fees and blocks not paid yet, less credits not settled (paid ' +
      'back, taken off an invoice, forfeited); negative: owed to the user.',
    example: {
      success: true,
      data: {
        total_tokens: 10_000_000,
        current_tier: '8M-16M',
        fixed_fee_charged: 40_000,
        tier_charges_count: 1,
        tier_charges_total: 10_000,
        total_charged: 50_000,
        credited: 0,
        refunded: 0,
        paid: 40_000,
        owed: 10_000,
        currency: 'BRL',
        totals: [
          {
            currency: 'BRL',
            fixed_fee_charged: 40_000,
            tier_charges_count: 1,
            tier_charges_total: 10_000,
            total_charged: 50_000,
            credited: 0,
            refunded: 0,
            paid: 40_000,
            owed: 10_000,
          },
        ],
      },
    },
  })
  async summary(
    @Param('userId', { schema: UserId }) userId: string,
    @Query({ schema: SummaryQuery }) { periodStart }: SummaryQuery,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    refuseOthers(request, userId, read.scope);
    const atMs = periodStart ?? this.clock.nowMs();
    const usage = await this.billing.usage(userId, atMs);
    return { success: true, data: shownSummary(usage, await this.billing.money(userId, usage, atMs)) };
  }
}
