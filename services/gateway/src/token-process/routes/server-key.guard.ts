import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { mayDo } from '../../people-and-keys/app/access.ts';
import { ServerKeys } from '../../people-and-keys/app/server-keys.ts';
import { bodyMember, refuseOtherFamily } from '../../people-and-keys/routes/access.guard.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';

/** Guard of start and end: accepts only a server key in `x-server-api-key`, with the texts of surfaces §2. */
@Injectable()
export class ServerKeyGuard implements CanActivate {
  readonly #serverKeys: ServerKeys;

  constructor(serverKeys: ServerKeys) {
    this.#serverKeys = serverKeys;
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['x-server-api-key'];
    if (typeof key !== 'string' || key.length === 0)
      throw new AppError('invalid', 'CREDENTIALS_MISSING', 'Server API key is required');
    const access = this.#serverKeys.verify(key);
    if ('principal' in access) {
      const userId = bodyMember('user_id')(request);
      refuseOtherFamily(access.principal, userId === null ? null : surfaceAccount('wallet', userId));
      if (mayDo(access.principal, 'accounts:write')) return true;
      throw new AppError('refused', 'SCOPE_MISSING', 'this needs the scope accounts:write');
    }
    if (typeof access.fault !== 'object')
      throw new AppError('invalid', 'CREDENTIALS_INVALID', 'Invalid server API key');
    const { retryAfterS } = access.fault;
    throw new AppError('refused', 'RATE_LIMITED', 'this key sends more requests than its rate limit allows', {
      retry_after_s: retryAfterS,
    });
  }
}
