import { Body, Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import { shownNumber } from '../../http-kit/number-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { Logins } from '../../people-and-keys/app/logins.ts';
import { UserAccess } from '../../people-and-keys/app/user-access.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { shownUser } from '../../people-and-keys/routes/auth.controller.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { GuessLimit } from '../app/guess-limit.ts';
import { LicenceKeys } from '../app/licence-keys.ts';
import { AssignLicence, shownKey, shownOwn } from './shapes.ts';
import { docs } from './user.docs.ts';
const userNotFound = (): AppError =>
  new AppError('not_found', 'CREDENTIALS_INVALID', 'User not found', { status: 404 });

@ApiTags('licence keys: accounts')
@Controller('api/user')
export class UserController {
  readonly #keys: LicenceKeys;
  readonly #logins: Logins;
  readonly #access: UserAccess;
  readonly #guesses: GuessLimit;

  constructor(keys: LicenceKeys, logins: Logins, access: UserAccess, guesses: GuessLimit) {
    this.#keys = keys;
    this.#guesses = guesses;
    this.#logins = logins;
    this.#access = access;
  }

  @Get('profile')
  @UseGuards(guarded('user'))
  @documented(docs.profile)
  async profile(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId, profile } = userOf(request);
    const user = await this.#logins.person(userId, profile);
    if (user === null) throw userNotFound();
    return { success: true, data: { ...shownUser(user), api_key: this.#access.apiKeyOf(user) } };
  }

  @Post('regenerate-api-key')
  @HttpCode(200)
  @UseGuards(guarded('user'))
  @documented(docs.regenerateKey)
  async regenerateKey(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId, profile } = userOf(request);
    const user = await this.#logins.rotateKey(userId, profile);
    if (user === null) throw userNotFound();
    const made = { api_key: this.#access.apiKeyOf(user), created_at: user.keyCreatedAt };
    return { success: true, message: 'API key regenerated', ...made, data: made };
  }

  @Post('revoke-api-key')
  @HttpCode(200)
  @UseGuards(guarded('user'))
  @documented(docs.revokeKey)
  async revokeKey(@Req() request: FastifyRequest): Promise<unknown> {
    if ((await this.#logins.revokeKey(userOf(request).userId)) === null) throw userNotFound();
    return { success: true, message: 'API key revoked' };
  }

  @Get('token-balance')
  @UseGuards(guarded('user'))
  @documented(docs.balance)
  async balance(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId } = userOf(request);
    const owned = await this.#keys.ownedBy(userId);
    const total = owned.reduce((sum, { state }) => sum + BigInt(state?.balance ?? '0'), 0n);
    const shown = owned.map(shownOwn);
    return { success: true, data: { license_keys: shown, total_balance: shownNumber(total) } };
  }

  @Post('assign-license')
  @HttpCode(200)
  @UseGuards(guarded('user'))
  @documented(docs.assign)
  async assign(@Body({ schema: AssignLicence }) body: AssignLicence, @Req() request: FastifyRequest): Promise<unknown> {
    const { userId } = userOf(request);
    const assigned = await this.#guesses.answerUser({ address: addressOf(request), userId }, async () => {
      const outcome = await this.#keys.assign(body.license_key, userId, callerOf(request));
      if (outcome === 'unknown') throw new AppError('not_found', 'KEY_UNKNOWN', 'License key not found');
      return outcome;
    });
    if (assigned === 'taken')
      throw new AppError('conflict', 'NOT_OWNER', 'License key is already assigned', { status: 400 });
    return { success: true, message: 'License key assigned successfully', data: shownKey(assigned) };
  }
}
