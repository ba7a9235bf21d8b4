import { Controller, Get, Param, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import { shownNumber } from '../../http-kit/number-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { PageQuery } from '../../http-kit/paging.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { GuessLimit } from '../app/guess-limit.ts';
import type { KeyWithState, LicenceKey } from '../app/licence-keys.ts';
import { LicenceKeys } from '../app/licence-keys.ts';
import { daysLeft, weekOfUse } from '../app/licence-usage.ts';
import { usesOf } from './history.ts';
import { docs } from './licence.docs.ts';
import { keyText, shownOwn, shownValidity } from './shapes.ts';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Reads that client libraries of licence keys need. */
@ApiTags('licence keys')
@Controller('api/license')
export class LicenceController {
  readonly #keys: LicenceKeys;
  readonly #guesses: GuessLimit;
  readonly #clock: Clock;

  constructor(keys: LicenceKeys, guesses: GuessLimit, @inject.clock() clock: Clock) {
    this.#keys = keys;
    this.#guesses = guesses;
    this.#clock = clock;
  }

  @Get('validate/:key')
  @documented(docs.validate)
  async validate(@Param('key', { schema: keyText }) key: string, @Req() request: FastifyRequest): Promise<unknown> {
    const found = await this.#guesses.lookUp(addressOf(request), async () => {
      const licence = await this.#keys.byKey(key);
      return licence === null ? null : this.#keys.withState(licence);
    });
    return { success: true, data: shownValidity(key, found, this.#clock.nowMs()) };
  }

  @Get('key/:key')
  @UseGuards(guarded('user'))
  @documented(docs.byKey)
  async byKey(@Param('key', { schema: keyText }) key: string, @Req() request: FastifyRequest): Promise<unknown> {
    return this.#own(await this.#keys.byKey(key), request);
  }

  @Get(':id')
  @UseGuards(guarded('user'))
  @documented(docs.byId)
  async byId(@Param('id') id: string, @Req() request: FastifyRequest): Promise<unknown> {
    return this.#own(uuid.test(id) ? await this.#keys.byId(id) : null, request);
  }

  /** For a user, keys of others do not exist. */
  async #own(licence: LicenceKey | null, request: FastifyRequest): Promise<unknown> {
    const found: KeyWithState | null = licence === null ? null : await this.#keys.withState(licence);
    if (found === null || found.state?.owner !== userOf(request).userId)
      throw new AppError('not_found', 'KEY_UNKNOWN', 'License key not found');
    return { success: true, data: shownOwn(found) };
  }
}

@ApiTags('licence keys')
@Controller('api/user')
export class LicenceUsageController {
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

  @Get('token-usage-stats')
  @UseGuards(guarded('user'))
  @documented(docs.stats)
  async stats(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId } = userOf(request);
    const owned = await this.#keys.ownedBy(userId);
    const accounts = await Promise.all(
      owned.map(async ({ licence: { account } }) => ({
        account,
        since: await this.#ledger.ownedSince({ account, owner: userId }),
      })),
    );
    const week = await weekOfUse(
      this.#ledger,
      accounts.flatMap(({ account, since }) => (since === null ? [] : [{ account, since }])),
      this.#clock.nowMs(),
    );
    const balance = owned.reduce((sum, { state }) => sum + BigInt(state?.balance ?? '0'), 0n);
    const stats = {
      weekly_usage: week.perDay,
      weekly_labels: week.labels,
      total_this_week: week.total,
      avg_daily_usage: week.average,
      est_days_remaining: daysLeft(balance, week),
    };
    return { success: true, ...stats, data: stats };
  }

  @Get('license/:key/usage')
  @UseGuards(guarded('user'))
  @documented(docs.usage)
  async usage(
    @Param('key', { schema: keyText }) key: string,
    @Query({ schema: PageQuery }) { page, limit }: PageQuery,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { userId } = userOf(request);
    const own = await this.#guesses.answerUser({ address: addressOf(request), userId }, () =>
      this.#keys.ofOwner(key, userId),
    );
    const { licence, state, since } = own;
    const { items, total } = await usesOf(this.#ledger, { licence, since, userId }, { page, limit });
    const week = await weekOfUse(this.#ledger, [{ account: licence.account, since }], this.#clock.nowMs());
    const data = {
      license_key: licence.key,
      current_balance: shownNumber(state.balance),
      weekly_usage: week.total,
      avg_daily_usage: week.average,
      usage_history: items,
    };
    return { success: true, data, pagination: { page, limit, total, totalPages: Math.ceil(total / limit) } };
  }
}
