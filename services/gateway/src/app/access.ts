/** What a server key may be allowed to do; `admin` includes all others. */
export const scopes = ['events:write', 'accounts:read', 'accounts:write', 'billing:read', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** Who sends a request. An admin is a user with every scope. */
export type Principal =
  | { readonly type: 'server'; readonly keyId: string; readonly scopes: ReadonlySet<Scope> }
  | { readonly type: 'user'; readonly userId: string; readonly admin: boolean; readonly profile?: OutsideProfile };

/** What an outside identity provider says about a user we have no row of. */
export type OutsideProfile = { readonly email?: string; readonly name?: string };

export type AccessFault =
  | 'missing' | 'malformed' | 'invalid' | 'expired'
  /** Seconds until the key's rate limit lets the next request through. */
  | { readonly retryAfterS: number };

export type Access = { readonly principal: Principal } | { readonly fault: AccessFault };

export function mayDo(principal: Principal, scope: Scope): boolean {
  if (principal.type === 'user') return principal.admin;
  return principal.scopes.has(scope) || principal.scopes.has('admin');
}

/** A bounded memory of decisions by credential: the oldest go first. */
export class Remembered<T> {
  private readonly values = new Map<string, T>();
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  get(credential: string): T | undefined {
    return this.values.get(credential);
  }

  set(credential: string, value: T): void {
    if (this.values.size >= this.max) {
      const oldest = this.values.keys().next();
      if (!oldest.done) this.values.delete(oldest.value);
    }
    this.values.set(credential, value);
  }

  delete(credential: string): void {
    this.values.delete(credential);
  }

  clear(): void {
    this.values.clear();
  }
}
