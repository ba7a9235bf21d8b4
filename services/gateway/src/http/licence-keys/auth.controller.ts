import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@tollgate/kernel';
import { Logins } from '../../app/logins.ts';
import { UserAccess } from '../../app/user-access.ts';
import type { User } from '../../app/users.ts';
import { documented } from '../documented.ts';
import { LoggedIn, Registered } from './answer-shapes.ts';
import { loginExample } from './examples.ts';
import { Login, Register } from './shapes.ts';

const surface = 'licence keys';

@ApiTags('licence keys: accounts')
@Controller('api/auth')
export class AuthController {
  private readonly logins: Logins;
  private readonly access: UserAccess;

  constructor(logins: Logins, access: UserAccess) {
    this.logins = logins;
    this.access = access;
  }

  @Post('register')
  @HttpCode(200)
  @documented({
    summary: 'Makes a user', auth: 'none', status: 200, surface, answer: Registered, errors: [[400, 'Email is already registered']],
    example: { success: true, message: 'User registered successfully', data: { ...loginExample.data.user, api_key: 'tgu_…' } },
  })
  async register(@Body({ schema: Register }) body: Register): Promise<unknown> {
    const user = await this.logins.register(body);
    if (user === null) throw new AppError('conflict', 'REQUEST_INVALID', 'Email is already registered', { status: 400 });
    return { success: true, message: 'User registered successfully', data: { ...shownUser(user), api_key: this.access.apiKeyOf(user) } };
  }

  @Post('login')
  @HttpCode(200)
  @documented({
    summary: 'Logs in: at most 10 failures an account in 15 minutes', auth: 'none', status: 200, surface, answer: LoggedIn, example: loginExample,
    errors: [[401, 'Invalid email or password'], [429, 'Too many failed logins. Try again later']],
  })
  async login(@Body({ schema: Login }) body: Login): Promise<unknown> {
    const outcome = await this.logins.logIn(body);
    if ('user' in outcome) {
      const token = await this.access.issue(outcome.user);
      const credentials = { access_token: token, token, api_key: this.access.apiKeyOf(outcome.user) };
      return { success: true, message: 'Login successful', ...credentials, data: { ...credentials, user: shownUser(outcome.user) } };
    }
    if (outcome.fault === 'throttled') {
      const details = { retry_after_s: outcome.retryAfterS };
      throw new AppError('refused', 'RATE_LIMITED', 'Too many failed logins. Try again later', details);
    }
    throw new AppError('invalid', 'CREDENTIALS_INVALID', 'Invalid email or password');
  }
}

export const shownUser = ({ id, email, name, role, createdAt }: User): Record<string, unknown> => ({
  id, email, name, role, created_at: createdAt,
});
