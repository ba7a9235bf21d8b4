import { Body, Controller, Get, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { shownNumber } from '../../http-kit/number-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { failureOfProblem, problemOf, sendRefusal } from '../../http-kit/refusal.ts';
import { isUserMetadata, UserId, userMetadataFault } from '../../http-kit/text-shape.ts';
import { inject } from '../../http-kit/tokens.ts';
import type { Scope } from '../../people-and-keys/app/access.ts';
import { mayDo } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf, refuseOtherFamily } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';
import { TokenBilling } from '../app/token-billing.ts';
import { consumptionIdOf } from '../domain/consumption.ts';
import { ProcessUsage, shownCharge, SummaryQuery } from './shapes.ts';
import { shownSummary } from './summary.ts';
import { docs } from './usage.docs.ts';

const write = { scope: 'events:write', owners: true, account: 'checked' } as const;
const read = { scope: 'billing:read', owners: true, account: 'checked' } as const;
const operationDefault = 'chat';

/** Users may report and read their own usage; server keys with the scope and administrators anybody's. */
function refuseOthers(request: FastifyRequest, userId: string, scope: Scope): void {
  const principal = principalOf(request);
  refuseOtherFamily(principal, surfaceAccount('metered', userId));
  if (mayDo(principal, scope) || (principal.type === 'user' && principal.userId === userId)) return;
  throw new AppError('refused', 'NOT_OWNER', 'This is another user');
}

@ApiTags('tier billing')
@Controller('api/token-billing')
export class TierBillingController {
  readonly #billing: TokenBilling;
  readonly #clock: Clock;

  constructor(billing: TokenBilling, @inject.clock() clock: Clock) {
    this.#billing = billing;
    this.#clock = clock;
  }

  @Post('process-usage')
  @UseGuards(guarded(write))
  @documented(docs.processUsage)
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
    const answer = await this.#billing.report(usage, caller);
    const problem = problemOf(answer);
    if (problem !== null) return sendRefusal(request, reply, failureOfProblem(problem, this.#clock.nowMs()));
    const { entry } = answer;
    if (entry === undefined) throw new AppError('bug', 'INVARIANT_BROKEN', 'the ledger booked usage without an entry');
    if (answer.replayed) void reply.header('idempotent-replay', 'true');
    const charges = await this.#billing.charges(answer, { keyed: caller.key !== undefined });
    const data = {
      consumptionId: consumptionIdOf(entry.id),
      totalTokens: shownNumber(BigInt(entry.used_after)),
      tierCharges: (answer.crossings ?? []).map((crossing) => shownCharge(crossing, charges.get(crossing.charge_id))),
    };
    void reply.code(200).send({ success: true, data });
  }

  @Get('user-summary/:userId')
  @UseGuards(guarded(read))
  @documented(docs.summary)
  async summary(
    @Param('userId', { schema: UserId }) userId: string,
    @Query({ schema: SummaryQuery }) { periodStart }: SummaryQuery,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    refuseOthers(request, userId, read.scope);
    const atMs = periodStart ?? this.#clock.nowMs();
    const usage = await this.#billing.usage(userId, atMs);
    return { success: true, data: shownSummary(usage, await this.#billing.money(userId, usage, atMs)) };
  }
}
