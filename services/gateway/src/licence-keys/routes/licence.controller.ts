import { Controller, Get, Param, Query, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { PageQuery, shownUnits } from '../../http-kit/paging.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { GuessLimit } from '../app/guess-limit.ts';
import type { KeyWithState, LicenceKey } from '../app/licence-keys.ts';
import { LicenceKeys } from '../app/licence-keys.ts';
import { daysLeft, weekOfUse } from '../app/licence-usage.ts';
import { KeyUsage, OwnKey, UsageStats, ValidatedKey } from './answer-shapes.ts';
import { keyExample, validExample } from './examples.ts';
import { usesOf } from './history.ts';
import { keyText, shownOwn, shownValidity, tooManyUnknown } from './shapes.ts';

const surface = 'licence keys';
const unknownKey = [404, 'License key not found'] as const;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ownExample = {
  success: true,
  data: { id: keyExample.id, license_key: keyExample.license_key, token_balance: 100, status: 'active' },
};

/** What client libraries of licence keys ask beside using them. */
@ApiTags('licence keys')
@Controller('api/license')
export class LicenceController {
  private readonly keys: LicenceKeys;
  private readonly guesses: GuessLimit;
  private readonly clock: Clock;

  constructor(keys: LicenceKeys, guesses: GuessLimit, @inject.clock() clock: Clock) {
    this.keys = keys;
    this.guesses = guesses;
    this.clock = clock;
  }

  @Get('validate/:key')
  @documented({
    summary: 'Whether a key exists and is valid; for anybody who has it',
    auth: 'none',
    status: 200,
    surface,
    answer: ValidatedKey,
    example: validExample,
    description:
      'Valid is a key that is active, or in a trial that has not ended. An unknown key is answered 200 with ' +
      '`exists: false`; an address that asks for more than 20 of them in 15 minutes has to wait.',
    errors: [tooManyUnknown],
  })
  async validate(@Param('key', { schema: keyText }) key: string, @Req() request: FastifyRequest): Promise<unknown> {
    const found = await this.guesses.lookUp(addressOf(request), async () => {
      const licence = await this.keys.store.byKey(key);
      return licence === null ? null : this.keys.withState(licence);
    });
    return { success: true, data: shownValidity(key, found, this.clock.nowMs()) };
  }

  @Get('key/:key')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'A key of the user',
    auth: 'user',
    status: 200,
    surface,
    answer: OwnKey,
    example: ownExample,
    errors: [unknownKey],
  })
  async byKey(@Param('key', { schema: keyText }) key: string, @Req() request: FastifyRequest): Promise<unknown> {
    return this.own(await this.keys.store.byKey(key), request);
  }

  @Get(':id')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'A key of the user, by its id',
    auth: 'user',
    status: 200,
    surface,
    answer: OwnKey,
    example: ownExample,
    errors: [unknownKey],
  })
  async byId(@Param('id') id: string, @Req() request: FastifyRequest): Promise<unknown> {
    return this.own(uuid.test(id) ? await this.keys.store.byId(id) : null, request);
  }

  /** Others' keys do not exist for a user. */
  private async own(licence: LicenceKey | null, request: FastifyRequest): Promise<unknown> {
    const found: KeyWithState | null = licence === null ? null : await this.keys.withState(licence);
    if (found === null || found.state?.owner !== userOf(request).userId)
      throw new AppError('not_found', 'KEY_UNKNOWN', 'License key not found');
    return { success: true, data: shownOwn(found) };
  }
}

@ApiTags('licence keys')
@Controller('api/user')
export class LicenceUsageController {
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

  @Get('token-usage-stats')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'Uses of all keys of the user in the last seven days, in UTC',
    auth: 'user',
    status: 200,
    surface,
    answer: UsageStats,
    description: '`est_days_remaining`: how long what is left lasts at that rate; null when nothing was used.',
    example: statsExample(),
  })
  async stats(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId } = userOf(request);
    const owned = (await this.keys.withStates(await this.keys.store.byUser(userId))).filter(
      ({ state }) => state?.owner === userId,
    );
    const accounts = await Promise.all(
      owned.map(async ({ licence: { account } }) => ({
        account,
        since: await this.ledger.ownedSince({ account, owner: userId }),
      })),
    );
    const week = await weekOfUse(
      this.ledger,
      accounts.flatMap(({ account, since }) => (since === null ? [] : [{ account, since }])),
      this.clock.nowMs(),
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
  @documented({
    summary: 'Uses of a key, newest first, and how many there were in the last seven days; for its owner',
    auth: 'user',
    status: 200,
    surface,
    answer: KeyUsage,
    example: {
      success: true,
      data: {
        license_key: keyExample.license_key,
        current_balance: 99,
        weekly_usage: 1,
        avg_daily_usage: 0.14,
        usage_history: [
          {
            id: '17-412',
            license_key_id: keyExample.id,
            user_id: '0b6c…',
            previous_balance: 100,
            new_balance: 99,
            tokens_used: 1,
            purpose: 'API request',
            metadata: { endpoint: '/api/data' },
            created_at: '2026-11-21T12:00:00.000Z',
          },
        ],
      },
      pagination: { page: 1, limit: 20, total: 1, totalPages: 1 },
    },
    errors: [unknownKey, [403, 'You do not have permission to use this license key'], tooManyUnknown],
  })
  async usage(
    @Param('key', { schema: keyText }) key: string,
    @Query({ schema: PageQuery }) { page, limit }: PageQuery,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { userId } = userOf(request);
    const own = await this.guesses.answerUser({ address: addressOf(request), userId }, () =>
      this.keys.ofOwner(key, userId),
    );
    const { licence, state, since } = own;
    const { items, total } = await usesOf(this.ledger, { licence, since, userId }, { page, limit });
    const week = await weekOfUse(this.ledger, [{ account: licence.account, since }], this.clock.nowMs());
    const data = {
      license_key: licence.key,
      current_balance: shownUnits(state.balance),
      weekly_usage: week.total,
      avg_daily_usage: week.average,
      usage_history: items,
    };
    return { success: true, data, pagination: { page, limit, total, totalPages: Math.ceil(total / limit) } };
  }
}

function statsExample(): object {
  const stats = {
    weekly_usage: [0, 0, 0, 0, 0, 3, 4],
    weekly_labels: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
    total_this_week: 7,
    avg_daily_usage: 1,
    est_days_remaining: 99,
  };
  return { success: true, ...stats, data: stats };
}
