export type Role = 'user' | 'admin';
export type User = {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly role: Role;
  /** scrypt, see passwords.ts; null for users of an outside identity provider. */
  readonly passwordHash: string | null;
  /** Random part of the user's API key; null: the user has revoked it. */
  readonly keySalt: string | null;
  readonly keyCreatedAt: string;
  /** Logins carry it. Logins with another version are invalid. */
  readonly tokenVersion: number;
  /** scrypt of the configured password when it was applied; null: not the configured administrator. */
  readonly configuredHash: string | null;
  readonly createdAt: string;
};
type NewUser = Pick<User, 'id' | 'email' | 'name' | 'keySalt'>;

/** Changes to a user; members left out stay. A new salt ends the API key, `endLogins` ends the logins. */
export type Renewal = {
  readonly role?: Role;
  readonly passwordHash?: string;
  readonly keySalt?: string | null;
  readonly endLogins?: boolean;
  readonly configuredHash?: string | null;
};

/** Port: where users are kept. E-mail addresses are compared in lower case. */
export interface UserStore {
  /** null: the address is taken. */
  insert(user: NewUser & Pick<User, 'role' | 'passwordHash' | 'configuredHash'>): Promise<User | null>;
  /** The user of an external identity provider, created on first use. */
  ensure(user: NewUser): Promise<User>;
  byEmail(email: string): Promise<User | null>;
  byId(id: string): Promise<User | null>;
  /** null: there is no such user, or (with `ifPassword`) the password hash has changed meanwhile. */
  renew(id: string, renewal: Renewal, ifPassword?: string | null): Promise<User | null>;
  /** Users whose role is or was configured. */
  configured(): Promise<readonly User[]>;
  /** Users whose credentials changed after `since` (null: none), and the database's time for the next call. */
  changedSince(since: Date | null): Promise<{ readonly ids: readonly string[]; readonly now: Date }>;
}

/** Port: failed logins by account and address, shared by all gateways. Times are of the real clock. */
export interface LoginFailureStore {
  /**
   * Records an attempt as failed before it is checked. Answers its id and the times of earlier failures, newest first.
   */
  begin(attempt: {
    account: string;
    address: string;
    atMs: number;
    sinceMs: number;
    most: number;
  }): Promise<{ id: string; before: readonly number[] }>;
  /** Removes an attempt that succeeded or was not made. */
  forget(id: string): Promise<void>;
  /** Removes what is older. */
  prune(beforeMs: number): Promise<void>;
}
