import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import { Injectable, mixin } from '@nestjs/common';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import type { Access, AccessFault, Principal, Scope } from '../app/access.ts';
import { isWithin, mayDo } from '../app/access.ts';
import { ServerKeys } from '../app/server-keys.ts';
import { UserAccess } from '../app/user-access.ts';

type Admitted = FastifyRequest & { principal?: Principal };

/** The sender of the request. Only behind a guard. */
export function principalOf(request: FastifyRequest): Principal {
  const { principal } = request as Admitted;
  if (principal === undefined)
    throw new AppError('bug', 'INVARIANT_BROKEN', 'a route without a guard asked for the principal');
  return principal;
}

/** The user behind the `user` door. */
export function userOf(request: FastifyRequest): Extract<Principal, { readonly type: 'user' }> {
  const principal = principalOf(request);
  if (principal.type !== 'user')
    throw new AppError('bug', 'INVARIANT_BROKEN', 'a server key passed the guard for users');
  return principal;
}

const faultTexts: Readonly<Record<Extract<AccessFault, string>, string>> = {
  missing: 'Authentication is required',
  malformed: 'Authorization header is malformed',
  invalid: 'Invalid credentials',
  expired: 'Token has expired',
  'key expired': 'the API key has expired',
};

function faultError(fault: AccessFault): AppError {
  if (typeof fault === 'object') {
    const { retryAfterS } = fault;
    return new AppError('refused', 'RATE_LIMITED', 'this key sends more requests than its rate limit allows', {
      retry_after_s: retryAfterS,
    });
  }
  return new AppError(
    'invalid',
    fault === 'missing' ? 'CREDENTIALS_MISSING' : 'CREDENTIALS_INVALID',
    faultTexts[fault],
  );
}

/** Who may use a route. */
export type Door =
  /**
   * Server keys with the scope, and administrators. `owners`: also users, who then see only what is theirs. `account`:
   * the account that the request is about, or `checked` if the route checks accounts itself. Without it, keys bound to
   * a family are refused.
   */
  | { readonly scope: Scope; readonly owners?: boolean; readonly account?: 'checked' | AccountOf }
  /** Users, by their login or API key. */
  | 'user';

/** Reads the account from the request; null: the request names none. */
export type AccountOf = (request: FastifyRequest) => string | null;

type Members = Readonly<Record<string, unknown>> | null | undefined;
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
export const pathMember =
  (name: string): AccountOf =>
  ({ params }) =>
    textOrNull((params as Members)?.[name]);
export const bodyMember =
  (name: string): AccountOf =>
  ({ body }) =>
    textOrNull((body as Members)?.[name]);
export const queryMember =
  (name: string): AccountOf =>
  ({ query }) =>
    textOrNull((query as Members)?.[name]);

/** @throws AppError('refused', SCOPE_MISSING) for a key that is bound to another family. */
export function refuseOtherFamily(principal: Principal, account: string | null): void {
  if (principal.type === 'user' || principal.account === null) return;
  if (account !== null && isWithin(principal, account)) return;
  throw new AppError(
    'refused',
    'SCOPE_MISSING',
    `this key works for the account ${principal.account} and those below it only`,
  );
}

/** The guard of a route: reads the credentials, identifies the principal, and checks whether it may use the route. */
export function guarded(door: Door): Type<CanActivate> {
  @Injectable()
  class AccessGuard implements CanActivate {
    readonly #serverKeys: ServerKeys;
    readonly #userAccess: UserAccess;

    constructor(serverKeys: ServerKeys, userAccess: UserAccess) {
      this.#serverKeys = serverKeys;
      this.#userAccess = userAccess;
    }

    canActivate(context: ExecutionContext): boolean | Promise<boolean> {
      const request = context.switchToHttp().getRequest<Admitted>();
      const access = this.#read(request);
      return access instanceof Promise
        ? access.then((found) => admit(request, found, door))
        : admit(request, access, door);
    }

    #read({ headers }: FastifyRequest): Access | Promise<Access> {
      const serverKey = headers['x-server-api-key'];
      if (typeof serverKey === 'string' && door !== 'user') return this.#serverKeys.verify(serverKey);
      const userKey = headers['x-api-key'];
      if (typeof userKey === 'string') return this.#userAccess.verifyApiKey(userKey);
      const { authorization } = headers;
      if (authorization === undefined) return { fault: 'missing' };
      if (authorization.length < 8 || authorization.slice(0, 7).toLowerCase() !== 'bearer ')
        return { fault: 'malformed' };
      const bearer = authorization.slice(7).trim();
      if (bearer.length === 0) return { fault: 'malformed' };
      if (door === 'user' || looksLikeJwt(bearer)) return this.#userAccess.verifyToken(bearer);
      return this.#serverKeys.verify(bearer);
    }
  }
  return mixin(AccessGuard);
}

/** Three parts, the first of which is a JSON object in base64url. */
function looksLikeJwt(bearer: string): boolean {
  const first = bearer.indexOf('.');
  return bearer.startsWith('ey') && first !== -1 && bearer.indexOf('.', first + 1) !== -1;
}

function admit(request: Admitted, access: Access, door: Door): boolean {
  if ('fault' in access) throw faultError(access.fault);
  const { principal } = access;
  request.principal = principal;
  if (door === 'user') return true;
  if (door.account !== 'checked') refuseOtherFamily(principal, door.account?.(request) ?? null);
  if (mayDo(principal, door.scope) || (door.owners === true && principal.type === 'user')) return true;
  const detail = door.scope === 'admin' ? 'Admin access required' : `this needs the scope ${door.scope}`;
  throw new AppError('refused', 'SCOPE_MISSING', detail);
}
