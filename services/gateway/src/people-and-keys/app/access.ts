import { hash } from 'node:crypto';

/** What a server key may be allowed to do; `admin` includes all others. */
export const scopes = [
  'events:write',
  'accounts:read',
  'accounts:write',
  'billing:read',
  'billing:approve',
  'admin',
] as const;
export type Scope = (typeof scopes)[number];

/** Who sends a request. An admin is a user with every scope. */
export type Principal =
  | {
      readonly type: 'server';
      readonly keyId: string;
      readonly scopes: ReadonlySet<Scope>;
      /** The key works for this account and those below it; null: for all. */
      readonly account: string | null;
      readonly name?: string | null;
    }
  | {
      readonly type: 'user';
      readonly userId: string;
      readonly admin: boolean;
      readonly name?: string | null;
      readonly profile?: OutsideProfile;
    };

/** What an outside identity provider says about a user we have no row of. */
export type OutsideProfile = { readonly email?: string; readonly name?: string };

export type AccessFault =
  | 'missing'
  | 'malformed'
  | 'invalid'
  | 'expired'
  | 'key expired'
  /** Seconds until the key's rate limit lets the next request through. */
  | { readonly retryAfterS: number };

export type Access = { readonly principal: Principal } | { readonly fault: AccessFault };

export function mayDo(principal: Principal, scope: Scope): boolean {
  if (principal.type === 'user') return principal.admin;
  return principal.scopes.has(scope) || principal.scopes.has('admin');
}

/** Whether the principal may use the account. Only keys bound to a family are restricted. */
export function isWithin(principal: Principal, account: string): boolean {
  if (principal.type === 'user' || principal.account === null) return true;
  return account === principal.account || account.startsWith(`${principal.account}/`);
}

/** Credentials are cached under this hash, so that a memory dump shows none. Takes about a microsecond. */
export const fingerprint = (credential: string): string => hash('sha256', credential, 'base64');
