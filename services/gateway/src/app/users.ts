export type Role = 'user' | 'admin';
export type User = {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly role: Role;
  /** scrypt, see passwords.ts; null for users of an outside identity provider. */
  readonly passwordHash: string | null;
  /** Random part of the user's API key. */
  readonly keySalt: string;
  readonly createdAt: string;
};

/** Port: where users are kept. E-mail addresses are compared in lower case. */
export interface UserStore {
  /** null: the address is taken. */
  insert(user: Omit<User, 'createdAt'>): Promise<User | null>;
  /** The user of an outside identity provider: made on first sight, found afterwards. */
  ensure(user: Omit<User, 'createdAt' | 'role' | 'passwordHash'>): Promise<User>;
  byEmail(email: string): Promise<User | null>;
  byId(id: string): Promise<User | null>;
  /** Makes the first admin, or gives the existing user of that address role and password. */
  putAdmin(user: Omit<User, 'createdAt' | 'role'>): Promise<void>;
}

/** Port: failed logins, shared by all gateways. Times are of the real clock. */
export interface LoginFailureStore {
  /** Notes an attempt as failed before it is tried; answers its id and how many there are in the window, this one included. */
  begin(attempt: { account: string; atMs: number; windowMs: number }): Promise<{ id: string; count: number; oldestMs: number }>;
  /** The attempt did not fail, or was not made. */
  forget(id: string): Promise<void>;
  /** Removes what lies before the window. */
  prune(beforeMs: number): Promise<void>;
}
