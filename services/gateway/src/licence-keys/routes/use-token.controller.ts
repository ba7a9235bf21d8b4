import { Body, Controller, Get, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AnswerProblem, LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import type { Failure } from '../../http-kit/failure.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { PageQuery, shownUnits } from '../../http-kit/paging.ts';
import { failureOfProblem, problemOf, sendRefusal } from '../../http-kit/refusal.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { GuessLimit } from '../app/guess-limit.ts';
import { LicenceKeys } from '../app/licence-keys.ts';
import { TokenUsage, TokenUsed } from './answer-shapes.ts';
import { useTokenExample } from './examples.ts';
import { usesOf } from './history.ts';
import { keyText, tooManyUnknown, UseToken } from './shapes.ts';

const surface = 'licence keys';

/** Refusals of the ledger in the words of this surface. */
const refusals: Readonly<Record<string, readonly [status: number, error: string]>> = {
  ACCOUNT_UNKNOWN: [404, 'License key not found'],
  NOT_OWNER: [403, 'You do not have permission to use this license key'],
  ACCOUNT_INACTIVE: [400, 'License key is not active'],
  ACCOUNT_SUSPENDED: [400, 'License key is not active'],
  ACCOUNT_CLOSED: [400, 'License key is not active'],
  ALLOWANCE_EXHAUSTED: [400, 'Insufficient token balance'],
  LIMIT_EXCEEDED: [400, 'Insufficient token balance'],
};

@ApiTags('licence keys')
@Controller('api/user/license-keys')
export class UseTokenController {
  private readonly keys: LicenceKeys;
  private readonly ledger: LedgerQueries;
  private readonly clock: Clock;
  private readonly guesses: GuessLimit;

  constructor(
    keys: LicenceKeys,
    guesses: GuessLimit,
    @inject.ledger() ledger: LedgerQueries,
    @inject.clock() clock: Clock,
  ) {
    this.keys = keys;
    this.guesses = guesses;
    this.ledger = ledger;
    this.clock = clock;
  }

  @Post(':licenseKey/use-token')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'Takes one token of the key',
    auth: 'user',
    status: 200,
    once: true,
    surface,
    answer: TokenUsed,
    example: useTokenExample,
    errors: [
      [404, 'License key not found'],
      [403, 'You do not have permission to use this license key'],
      [400, 'License key is not active'],
      [400, 'Insufficient token balance'],
      tooManyUnknown,
    ],
  })
  async use(
    @Param('licenseKey', { schema: keyText }) key: string,
    @Body({ schema: UseToken }) body: UseToken,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { userId } = userOf(request);
    const purpose = body?.purpose ?? undefined;
    const metadata = body?.metadata ?? undefined;
    const { answer, failure } = await this.guesses.answerUser({ address: addressOf(request), userId }, async () => {
      const given = await this.keys.useOne({ key, userId, purpose, metadata }, callerOf(request));
      const problem = problemOf(given);
      const refused = problem === null ? null : await this.refusal(problem, key);
      if (refused?.status === 404) throw new AppError('not_found', 'KEY_UNKNOWN', refused.detail);
      return { answer: given, failure: refused };
    });
    if (failure !== null) {
      sendRefusal(request, reply, failure);
      return;
    }
    const { entry } = answer;
    if (entry === undefined)
      throw new AppError('bug', 'INVARIANT_BROKEN', 'a spend of one was booked without an entry');
    if (answer.replayed) void reply.header('idempotent-replay', 'true');
    void reply.code(200).send({
      success: true,
      message: 'Token used successfully',
      data: {
        license_key: key,
        previous_balance: shownUnits(BigInt(entry.balance_after) - BigInt(entry.amount)),
        new_balance: shownUnits(entry.balance_after),
        tokens_used: 1,
      },
    });
  }

  @Get(':licenseKey/usage')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'Uses of the key, newest first; for its owner',
    auth: 'user',
    status: 200,
    surface,
    answer: TokenUsage,
    example: {
      success: true,
      data: {
        items: [
          {
            id: '17-412',
            license_key_id: '7d0f…',
            user_id: '0b6c…',
            previous_balance: 100,
            new_balance: 99,
            tokens_used: 1,
            purpose: 'API request',
            metadata: { endpoint: '/api/data' },
            created_at: '2026-11-21T12:00:00.000Z',
          },
        ],
        pagination: { page: 1, limit: 20, total: 1 },
      },
    },
    errors: [
      [404, 'License key not found'],
      [403, 'You do not have permission to use this license key'],
      tooManyUnknown,
    ],
  })
  async usage(
    @Param('licenseKey', { schema: keyText }) key: string,
    @Query({ schema: PageQuery }) { page, limit }: PageQuery,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { userId } = userOf(request);
    const { licence, since } = await this.guesses.answerUser({ address: addressOf(request), userId }, () =>
      this.keys.ofOwner(key, userId),
    );
    const { items, total } = await usesOf(this.ledger, { licence, since, userId }, { page, limit });
    return { success: true, data: { items, pagination: { page, limit, total } } };
  }

  private async refusal(problem: AnswerProblem, key: string): Promise<Failure> {
    const failure = failureOfProblem(problem, this.clock.nowMs());
    // A removed key has no owner for the ledger; for its users it is gone.
    const gone = problem.code === 'NOT_OWNER' && (await this.keys.store.byKey(key)) === null;
    const [status, detail] = refusals[gone ? 'ACCOUNT_UNKNOWN' : problem.code] ?? [failure.status, failure.detail];
    return { ...failure, status, detail, ...(status === failure.status ? {} : { headers: {} }) };
  }
}
