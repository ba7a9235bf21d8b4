import { Body, Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { shownUnits } from '../../http-kit/paging.ts';
import { Logins } from '../../people-and-keys/app/logins.ts';
import { UserAccess } from '../../people-and-keys/app/user-access.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { shownUser } from '../../people-and-keys/routes/auth.controller.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { GuessLimit } from '../app/guess-limit.ts';
import { LicenceKeys } from '../app/licence-keys.ts';
import { ChangedKey, Done, NewUserKey, Profile, TokenBalance } from './answer-shapes.ts';
import { keyExample, loginExample } from './examples.ts';
import { AssignLicence, shownKey, shownOwn, tooManyUnknown } from './shapes.ts';

const surface = 'licence keys';
const unknownUser = [404, 'User not found'] as const;
const userNotFound = (): AppError =>
  new AppError('not_found', 'CREDENTIALS_INVALID', 'User not found', { status: 404 });
const newKeyExample = { api_key: 'tgu_…', created_at: '2026-11-21T12:00:00.000Z' };

@ApiTags('licence keys: accounts')
@Controller('api/user')
export class UserController {
  private readonly keys: LicenceKeys;
  private readonly logins: Logins;
  private readonly access: UserAccess;
  private readonly guesses: GuessLimit;

  constructor(keys: LicenceKeys, logins: Logins, access: UserAccess, guesses: GuessLimit) {
    this.keys = keys;
    this.guesses = guesses;
    this.logins = logins;
    this.access = access;
  }

  @Get('profile')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'The user, with the API key that works wherever the login does',
    auth: 'user',
    status: 200,
    surface,
    answer: Profile,
    errors: [unknownUser],
    example: { success: true, data: { ...loginExample.data.user, api_key: 'tgu_…' } },
  })
  async profile(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId, profile } = userOf(request);
    const user = await this.logins.person(userId, profile);
    if (user === null) throw userNotFound();
    return { success: true, data: { ...shownUser(user), api_key: this.access.apiKeyOf(user) } };
  }

  @Post('regenerate-api-key')
  @HttpCode(200)
  @UseGuards(guarded('user'))
  @documented({
    summary: 'Makes a new API key; the present one ends',
    auth: 'user',
    status: 200,
    surface,
    answer: NewUserKey,
    errors: [unknownUser],
    example: { success: true, message: 'API key regenerated', ...newKeyExample, data: newKeyExample },
  })
  async regenerateKey(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId, profile } = userOf(request);
    const user = await this.logins.rotateKey(userId, profile);
    if (user === null) throw userNotFound();
    const made = { api_key: this.access.apiKeyOf(user), created_at: user.keyCreatedAt };
    return { success: true, message: 'API key regenerated', ...made, data: made };
  }

  @Post('revoke-api-key')
  @HttpCode(200)
  @UseGuards(guarded('user'))
  @documented({
    summary: 'Ends the API key; log-in and profile show null until another is made',
    auth: 'user',
    status: 200,
    surface,
    answer: Done,
    errors: [unknownUser],
    example: { success: true, message: 'API key revoked' },
  })
  async revokeKey(@Req() request: FastifyRequest): Promise<unknown> {
    if ((await this.logins.revokeKey(userOf(request).userId)) === null) throw userNotFound();
    return { success: true, message: 'API key revoked' };
  }

  @Get('token-balance')
  @UseGuards(guarded('user'))
  @documented({
    summary: "What is left on the user's keys",
    auth: 'user',
    status: 200,
    surface,
    answer: TokenBalance,
    example: {
      success: true,
      data: {
        license_keys: [
          { id: keyExample.id, license_key: keyExample.license_key, token_balance: 100, status: 'active' },
        ],
        total_balance: 100,
      },
    },
  })
  async balance(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId } = userOf(request);
    const keys = await this.keys.withStates(await this.keys.store.byUser(userId));
    // The ledger knows who owns a key; the rows here may lag behind it.
    const owned = keys.filter(({ state }) => state?.owner === userId);
    const total = owned.reduce((sum, { state }) => sum + BigInt(state?.balance ?? '0'), 0n);
    const shown = owned.map(shownOwn);
    return { success: true, data: { license_keys: shown, total_balance: shownUnits(total) } };
  }

  @Post('assign-license')
  @HttpCode(200)
  @UseGuards(guarded('user'))
  @documented({
    summary: 'Takes a key that nobody owns',
    auth: 'user',
    status: 200,
    surface,
    answer: ChangedKey,
    example: { success: true, message: 'License key assigned successfully', data: { ...keyExample, user_id: '0b6c…' } },
    errors: [[404, 'License key not found'], [400, 'License key is already assigned'], tooManyUnknown],
  })
  async assign(@Body({ schema: AssignLicence }) body: AssignLicence, @Req() request: FastifyRequest): Promise<unknown> {
    const { userId } = userOf(request);
    const assigned = await this.guesses.answerUser({ address: addressOf(request), userId }, async () => {
      const outcome = await this.keys.assign(body.license_key, userId, callerOf(request));
      if (outcome === 'unknown') throw new AppError('not_found', 'KEY_UNKNOWN', 'License key not found');
      return outcome;
    });
    if (assigned === 'taken')
      throw new AppError('conflict', 'NOT_OWNER', 'License key is already assigned', { status: 400 });
    return { success: true, message: 'License key assigned successfully', data: shownKey(assigned) };
  }
}
