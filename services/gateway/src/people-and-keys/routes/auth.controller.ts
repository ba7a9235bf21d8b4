import { Body, Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import type { LoginOutcome } from '../app/logins.ts';
import { Logins } from '../app/logins.ts';
import { UserAccess } from '../app/user-access.ts';
import type { User } from '../app/users.ts';
import { guarded, userOf } from './access.guard.ts';
import { docs, noPassword } from './auth.docs.ts';
import { ChangePassword, Login, Register } from './shapes.ts';

@ApiTags('licence keys: accounts')
@Controller('api/auth')
export class AuthController {
  readonly #logins: Logins;
  readonly #access: UserAccess;

  constructor(logins: Logins, access: UserAccess) {
    this.#logins = logins;
    this.#access = access;
  }

  @Post('register')
  @HttpCode(200)
  @documented(docs.register)
  async register(@Body({ schema: Register }) body: Register, @Req() request: FastifyRequest): Promise<unknown> {
    const user = await this.#logins.register({ ...body, address: addressOf(request) });
    if (user === null)
      throw new AppError('conflict', 'REQUEST_INVALID', 'Email is already registered', { status: 400 });
    return {
      success: true,
      message: 'User registered successfully',
      data: { ...shownUser(user), api_key: this.#access.apiKeyOf(user) },
    };
  }

  @Post('login')
  @HttpCode(200)
  @documented(docs.login)
  async login(@Body({ schema: Login }) body: Login, @Req() request: FastifyRequest): Promise<unknown> {
    return this.#answer(await this.#logins.logIn({ ...body, address: addressOf(request) }), {
      done: 'Login successful',
      refused: 'Invalid email or password',
    });
  }

  @Post('change-password')
  @HttpCode(200)
  @UseGuards(guarded('user'))
  @documented(docs.changePassword)
  async changePassword(
    @Body({ schema: ChangePassword }) body: ChangePassword,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const { current_password: current, new_password: next } = body;
    const outcome = await this.#logins.changePassword(userOf(request).userId, {
      current,
      next,
      address: addressOf(request),
    });
    if (outcome === null) throw new AppError('conflict', 'REQUEST_INVALID', noPassword, { status: 400 });
    return this.#answer(outcome, { done: 'Password changed', refused: 'The current password is not correct' });
  }

  @Post('logout-all')
  @HttpCode(200)
  @UseGuards(guarded('user'))
  @documented(docs.logOutEverywhere)
  async logOutEverywhere(@Req() request: FastifyRequest): Promise<unknown> {
    const user = await this.#logins.logOutEverywhere(userOf(request).userId);
    if (user === null || user.passwordHash === null)
      throw new AppError('conflict', 'REQUEST_INVALID', noPassword, { status: 400 });
    return { success: true, message: 'Logged out everywhere' };
  }

  async #answer(outcome: LoginOutcome, texts: { readonly done: string; readonly refused: string }): Promise<unknown> {
    if ('user' in outcome) {
      const token = await this.#access.issue(outcome.user);
      const credentials = { access_token: token, token, api_key: this.#access.apiKeyOf(outcome.user) };
      return {
        success: true,
        message: texts.done,
        ...credentials,
        data: { ...credentials, user: shownUser(outcome.user) },
      };
    }
    if (outcome.fault === 'throttled') {
      const details = { retry_after_s: outcome.retryAfterS };
      throw new AppError('refused', 'RATE_LIMITED', 'Too many failed logins. Try again later', details);
    }
    throw new AppError('invalid', 'CREDENTIALS_INVALID', texts.refused);
  }
}

export const shownUser = ({ id, email, name, role, createdAt }: User): Record<string, unknown> => ({
  id,
  email,
  name,
  role,
  created_at: createdAt,
});
