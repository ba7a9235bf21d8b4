import { Body, Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';
import type { OutsideProfile } from '../../app/access.ts';
import { LicenceKeys } from '../../app/licence-keys.ts';
import { Logins } from '../../app/logins.ts';
import { UserAccess } from '../../app/user-access.ts';
import { guarded, principalOf } from '../access.guard.ts';
import { callerOf } from '../caller.ts';
import { documented } from '../documented.ts';
import { shownUnits } from '../paging.ts';
import { ChangedKey, Profile, TokenBalance } from './answer-shapes.ts';
import { shownUser } from './auth.controller.ts';
import { keyExample, loginExample } from './examples.ts';
import { AssignLicence, shownKey } from './shapes.ts';

const surface = 'licence keys';

@ApiTags('licence keys: accounts')
@Controller('api/user')
export class UserController {
  private readonly keys: LicenceKeys;
  private readonly logins: Logins;
  private readonly access: UserAccess;

  constructor(keys: LicenceKeys, logins: Logins, access: UserAccess) {
    this.keys = keys;
    this.logins = logins;
    this.access = access;
  }

  @Get('profile')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'The user, with the API key that works wherever the login does', auth: 'user', status: 200, surface, answer: Profile, errors: [[404, 'User not found']],
    example: { success: true, data: { ...loginExample.data.user, api_key: 'tgu_…' } },
  })
  async profile(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId, profile } = userOf(request);
    const user = await this.logins.person(userId, profile);
    if (user === null) throw new AppError('not_found', 'CREDENTIALS_INVALID', 'User not found', { status: 404 });
    return { success: true, data: { ...shownUser(user), api_key: this.access.apiKeyOf(user) } };
  }

  @Get('token-balance')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'What is left on the user\'s keys', auth: 'user', status: 200, surface, answer: TokenBalance,
    example: {
      success: true,
      data: { license_keys: [{ id: keyExample.id, license_key: keyExample.license_key, token_balance: 100, status: 'active' }], total_balance: 100 },
    },
  })
  async balance(@Req() request: FastifyRequest): Promise<unknown> {
    const { userId } = userOf(request);
    const keys = await this.keys.withStates(await this.keys.store.byUser(userId));
    // The ledger knows who owns a key; the rows here may lag behind it.
    const owned = keys.filter(({ state }) => state?.owner === userId);
    const total = owned.reduce((sum, { state }) => sum + BigInt(state?.balance ?? '0'), 0n);
    const shown = owned.map(({ licence, state }) => ({
      id: licence.id, license_key: licence.key, token_balance: shownUnits(state?.balance ?? '0'), status: state?.status,
    }));
    return { success: true, data: { license_keys: shown, total_balance: shownUnits(total) } };
  }

  @Post('assign-license')
  @HttpCode(200)
  @UseGuards(guarded('user'))
  @documented({
    summary: 'Takes a key that nobody owns', auth: 'user', status: 200, surface, answer: ChangedKey,
    example: { success: true, message: 'License key assigned successfully', data: { ...keyExample, user_id: '0b6c…' } },
    errors: [[404, 'License key not found'], [400, 'License key is already assigned']],
  })
  async assign(@Body({ schema: AssignLicence }) body: AssignLicence, @Req() request: FastifyRequest): Promise<unknown> {
    const { userId } = userOf(request);
    const assigned = await this.keys.assign(body.license_key, userId, callerOf(request));
    if (assigned === 'unknown') throw new AppError('not_found', 'KEY_UNKNOWN', 'License key not found');
    if (assigned === 'taken') throw new AppError('conflict', 'NOT_OWNER', 'License key is already assigned', { status: 400 });
    return { success: true, message: 'License key assigned successfully', data: shownKey(assigned) };
  }
}

/** The user behind the `user` door. */
export function userOf(request: FastifyRequest): { readonly userId: string; readonly profile?: OutsideProfile } {
  const principal = principalOf(request);
  if (principal.type !== 'user') throw new AppError('bug', 'INVARIANT_BROKEN', 'a server key passed the door for users');
  return principal;
}
