import { hash, timingSafeEqual } from 'node:crypto';

import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { LedgerQueries, QuotaQueries, QuotaView } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { failureOfProblem, problemOf, sendRefusal } from '../../http-kit/refusal.ts';
import { inject } from '../../http-kit/tokens.ts';
import { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { megabytes, usage } from '../domain/optimize.ts';
import { activationKeyOf, fieldsOf, headerKey, validQuota } from './activation-key.ts';
import { isMultipart, readForm } from './form.ts';
import { docs } from './quota.docs.ts';
const customer = {
  type: 'object' as const,
  properties: { token: { type: 'string' as const, nullable: true } },
  nullable: true,
  example: { token: 'customer-token' },
};

/** The fields of a body of any form type. Files are skipped. */
async function bodyFields(request: FastifyRequest, body: unknown): Promise<Readonly<Record<string, unknown>>> {
  if (!isMultipart(request)) return fieldsOf(body);
  const { fields } = await readForm(request, () => Promise.resolve(null));
  return fields;
}

@ApiTags('optimize')
@Controller('api/optimize')
export class QuotaController {
  readonly #ledgerClient: LedgerClient;
  readonly #quota: QuotaQueries;
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;
  readonly #adminHash: Buffer;

  constructor(
    ledgerClient: LedgerClient,
    @inject.quota() quota: QuotaQueries,
    @inject.ledger() ledger: LedgerQueries,
    @inject.clock() clock: Clock,
    @inject.optimizeAdminToken() adminToken: string,
  ) {
    this.#ledgerClient = ledgerClient;
    this.#quota = quota;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#adminHash = hash('sha256', adminToken, 'buffer');
  }

  @Get('quota')
  @documented(docs.read)
  async read(@Req() request: FastifyRequest): Promise<unknown> {
    const token = activationKeyOf(request);
    return { success: true, data: await this.#shown(token, await validQuota(this.#quota, token)) };
  }

  @Post('refresh-quota')
  @HttpCode(200)
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiBody({ required: false, schema: customer })
  @documented(docs.refresh)
  async refresh(@Req() request: FastifyRequest, @Body() body: unknown): Promise<unknown> {
    const token = activationKeyOf(request, await bodyFields(request, body));
    const quota = await validQuota(this.#quota, token, { refresh: true });
    const { subscription_type, expires_at } = quota;
    return { success: true, data: { ...(await this.#shown(token, quota)), subscription_type, expires_at } };
  }

  @Post('reset-usage')
  @HttpCode(200)
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiBody({
    schema: {
      ...customer,
      nullable: false,
      properties: { token: { type: 'string', minLength: 1 } },
      required: ['token'],
    },
  })
  @documented(docs.reset)
  async reset(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Body() body: unknown): Promise<void> {
    this.#refuseOthers(request);
    const caller = callerOf(request);
    const { token } = await bodyFields(request, body);
    if (typeof token !== 'string' || token === '')
      throw new AppError('invalid', 'VALIDATION_FAILED', 'token must be a string that names the customer');
    const quota = await this.#quota.stored({ token });
    if (quota === null) throw unknownToken();
    // A repeat under the same key must find the result of the first.
    if (!quota.opened) await this.#quota.check({ token, use: true });
    const answer = await this.#ledgerClient.ask(
      requestOf(
        {
          type: 'change',
          operation: 'optimize-reset',
          account: quota.account,
          data: { used: '0' },
          content: { token },
        },
        caller,
      ),
    );
    const problem = problemOf(answer);
    if (problem?.code === 'ACCOUNT_UNKNOWN') throw unknownToken();
    if (problem !== null) return sendRefusal(request, reply, failureOfProblem(problem, this.#clock.nowMs()));
    if (answer.replayed) void reply.header('idempotent-replay', 'true');
    const old = answer.entry?.amount ?? '0';
    const quotaMb = megabytes(quota.quota_bytes);
    void reply.code(200).send({
      success: true,
      message: 'Usage reset successfully',
      data: { token, old_usage_mb: megabytes(old), new_usage_mb: 0, quota_mb: quotaMb, remaining_mb: quotaMb },
    });
  }

  /** The admin token, compared in constant time. */
  #refuseOthers(request: FastifyRequest): void {
    const given = headerKey(request);
    if (given === null) throw new AppError('invalid', 'TOKEN_REQUIRED', 'Token is required');
    if (!timingSafeEqual(hash('sha256', given, 'buffer'), this.#adminHash)) {
      throw new AppError('refused', 'ADMIN_REQUIRED', 'Admin token required');
    }
  }

  async #shown(token: string, quota: QuotaView): Promise<Record<string, unknown>> {
    const [account, last] = await Promise.all([
      this.#ledger.account({ id: quota.account }),
      this.#ledger.entries({ account: quota.account, kinds: ['spent'], limit: 1 }),
    ]);
    const { limit_mb, used_mb, remaining_mb } = usage({
      limit: BigInt(quota.quota_bytes),
      used: BigInt(account?.used ?? '0'),
    });
    return {
      token,
      quota_mb: limit_mb,
      used_mb,
      remaining_mb,
      last_used_at: last?.items[0]?.recorded_at ?? null,
      last_quota_check: quota.fetched_at,
    };
  }
}

const unknownToken = (): AppError => new AppError('not_found', 'TOKEN_NOT_FOUND', 'Token not found');
