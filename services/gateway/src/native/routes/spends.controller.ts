import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Answer } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { problemJson } from '../../http-kit/envelopes.ts';
import { failureOf } from '../../http-kit/failure.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { failureOfProblem, problemOf } from '../../http-kit/refusal.ts';
import { checked } from '../../http-kit/schema.pipe.ts';
import { inject } from '../../http-kit/tokens.ts';
import { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import { isWithin, type Principal } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { bookedBody } from './answers.ts';
import { SpendItem, spendsMax } from './spend-shapes.ts';
import { docs } from './spends.docs.ts';
import { usageData } from './usage-data.ts';

type SpendResult = { readonly id?: string; readonly status: number } & Readonly<Record<string, unknown>>;

/** Up to 1,000 spends in one call, each decided independently. */
@ApiTags('accounts')
@Controller('v1/spends')
export class SpendsController {
  readonly #ledgerClient: LedgerClient;
  readonly #clock: Clock;

  constructor(ledgerClient: LedgerClient, @inject.clock() clock: Clock) {
    this.#ledgerClient = ledgerClient;
    this.#clock = clock;
  }

  @Post()
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'accounts:write', account: 'checked' }))
  @documented(docs.spends)
  async spends(@Req() request: FastifyRequest): Promise<{ readonly results: readonly SpendResult[] }> {
    const items = request.body;
    if (!Array.isArray(items) || items.length === 0 || items.length > spendsMax)
      throw new AppError('invalid', 'REQUEST_INVALID', `the body is an array of 1 to ${spendsMax} spends`);
    if (callerOf(request).key !== undefined)
      throw new AppError(
        'invalid',
        'REQUEST_INVALID',
        'here each spend has its own key, its id: send no Idempotency-Key',
      );
    return { results: await Promise.all(items.map((item: unknown) => this.#one(item, request))) };
  }

  /** The answer of the single call, independent of the other spends. */
  async #one(raw: unknown, request: FastifyRequest): Promise<SpendResult> {
    const id = idOf(raw);
    try {
      const answer = await this.#ask(raw, request);
      const problem = problemOf(answer);
      if (problem !== null) return failed(id, failureOfProblem(problem, this.#clock.nowMs()), request.id);
      return { ...id, status: 200, ...(answer.replayed ? { replayed: true } : {}), ...(bookedBody(answer) as object) };
    } catch (error) {
      return failed(id, failureOf(error), request.id);
    }
  }

  #ask(raw: unknown, request: FastifyRequest): Promise<Answer> {
    const { account, id, ...spend } = checked(SpendItem, raw);
    mayTouch(principalOf(request), account);
    // Uses the content of the single call, so that a repeat there is recognised as the same spend.
    const { account: _, id: __, ...content } = raw as Record<string, unknown>;
    const { metadata } = spend;
    const words = metadata === undefined ? undefined : { metadata };
    return this.#ledgerClient.ask(
      requestOf(
        { type: 'spend', operation: 'spend', account, data: usageData(spend), content, words },
        { ...callerOf(request), key: id },
      ),
    );
  }
}

/** Identifies a result, even if the rest of the spend is invalid. */
function idOf(raw: unknown): { readonly id?: string } {
  const id = typeof raw === 'object' && raw !== null ? (raw as { id?: unknown }).id : undefined;
  return typeof id === 'string' ? { id } : {};
}

function mayTouch(principal: Principal, account: string): void {
  if (!isWithin(principal, account))
    throw new AppError('refused', 'SCOPE_MISSING', `this key does not work for the account ${account}`);
}

const failed = (
  id: { readonly id?: string },
  failure: ReturnType<typeof failureOf>,
  correlationId: string,
): SpendResult => ({ ...id, status: failure.status, problem: problemJson.body(failure, correlationId) });
