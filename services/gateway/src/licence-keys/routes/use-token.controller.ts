import { Body, Controller, Get, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AnswerProblem, LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import type { Failure } from '../../http-kit/failure.ts';
import { shownNumber } from '../../http-kit/number-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { PageQuery } from '../../http-kit/paging.ts';
import { failureOfProblem, problemOf, sendRefusal } from '../../http-kit/refusal.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { GuessLimit } from '../app/guess-limit.ts';
import { LicenceKeys } from '../app/licence-keys.ts';
import { usesOf } from './history.ts';
import { keyText, UseToken } from './shapes.ts';
import { docs } from './use-token.docs.ts';

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
  readonly #keys: LicenceKeys;
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;
  readonly #guesses: GuessLimit;

  constructor(
    keys: LicenceKeys,
    guesses: GuessLimit,
    @inject.ledger() ledger: LedgerQueries,
    @inject.clock() clock: Clock,
  ) {
    this.#keys = keys;
    this.#guesses = guesses;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  @Post(':licenseKey/use-token')
  @UseGuards(guarded('user'))
  @documented(docs.use)
  async use(
    @Param('licenseKey', { schema: keyText }) key: string,
    @Body({ schema: UseToken }) body: UseToken,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { userId } = userOf(request);
    const purpose = body?.purpose ?? undefined;
    const metadata = body?.metadata ?? undefined;
    const { answer, failure } = await this.#guesses.answerUser({ address: addressOf(request), userId }, async () => {
      const given = await this.#keys.useOne({ key, userId, purpose, metadata }, callerOf(request));
      const problem = problemOf(given);
      const refused = problem === null ? null : await this.#refusal(problem, key);
      if (refused?.status === 404) throw new AppError('not_found', 'KEY_UNKNOWN', refused.detail);
      return { answer: given, failure: refused };
    });
    if (failure !== null) {
      sendRefusal(request, reply, failure);
      return;
    }
    const { entry } = answer;
    if (entry === undefined)
      throw new AppError('bug', 'INVARIANT_BROKEN', 'the ledger booked a spend without an entry');
    if (answer.replayed) void reply.header('idempotent-replay', 'true');
    void reply.code(200).send({
      success: true,
      message: 'Token used successfully',
      data: {
        license_key: key,
        previous_balance: shownNumber(BigInt(entry.balance_after) - BigInt(entry.amount)),
        new_balance: shownNumber(entry.balance_after),
        tokens_used: 1,
      },
    });
  }

  @Get(':licenseKey/usage')
  @UseGuards(guarded('user'))
  @documented(docs.usage)
  async usage(
    @Param('licenseKey', { schema: keyText }) key: string,
    @Query({ schema: PageQuery }) { page, limit }: PageQuery,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { userId } = userOf(request);
    const { licence, since } = await this.#guesses.answerUser({ address: addressOf(request), userId }, () =>
      this.#keys.ofOwner(key, userId),
    );
    const { items, total } = await usesOf(this.#ledger, { licence, since, userId }, { page, limit });
    return { success: true, data: { items, pagination: { page, limit, total } } };
  }

  async #refusal(problem: AnswerProblem, key: string): Promise<Failure> {
    const failure = failureOfProblem(problem, this.#clock.nowMs());
    // For the ledger a removed key has no owner; for its users it does not exist.
    const gone = problem.code === 'NOT_OWNER' && (await this.#keys.byKey(key)) === null;
    const [status, detail] = refusals[gone ? 'ACCOUNT_UNKNOWN' : problem.code] ?? [failure.status, failure.detail];
    return { ...failure, status, detail, ...(status === failure.status ? {} : { headers: {} }) };
  }
}
