import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '@tollgate/kernel';
import type { OutsideProfile } from './access.ts';
import { hashPassword, passwordMatches } from './passwords.ts';
import type { LoginFailureStore, User, UserStore } from './users.ts';

/** At most this many failed logins an account in the window (surfaces §0.10), by the real clock. */
const failuresMax = 10;
const windowMs = 15 * 60_000;

export type LoginOutcome =
  | { readonly user: User }
  | { readonly fault: 'invalid' }
  | { readonly fault: 'throttled'; readonly retryAfterS: number };

/** Users of the platform itself: registering, logging in, the first admin. */
export class Logins {
  private readonly users: UserStore;
  private readonly failures: LoginFailureStore;
  private readonly realClock: Clock;

  constructor(options: { users: UserStore; failures: LoginFailureStore; realClock: Clock }) {
    this.users = options.users;
    this.failures = options.failures;
    this.realClock = options.realClock;
  }

  /** null: the address is taken. */
  async register(person: { email: string; password: string; name: string }): Promise<User | null> {
    const passwordHash = await hashPassword(person.password);
    return this.users.insert({
      id: randomUUID(), email: person.email.toLowerCase(), name: person.name, role: 'user', passwordHash, keySalt: newSalt(),
    });
  }

  /**
   * Checks a password. The attempt is noted as failed first and taken back when it succeeds, so that parallel guesses count
   * too; a throttled attempt is not made and does not count.
   */
  async logIn(credentials: { email: string; password: string }): Promise<LoginOutcome> {
    const account = credentials.email.toLowerCase();
    const atMs = this.realClock.nowMs();
    const attempt = await this.failures.begin({ account, atMs, windowMs });
    if (attempt.count > failuresMax) {
      await this.failures.forget(attempt.id);
      return { fault: 'throttled', retryAfterS: Math.max(1, Math.ceil((attempt.oldestMs + windowMs - atMs) / 1000)) };
    }
    const user = await this.users.byEmail(account);
    if (!(await passwordMatches(credentials.password, user?.passwordHash ?? null)) || user === null) return { fault: 'invalid' };
    await this.failures.forget(attempt.id);
    return { user };
  }

  /** The row of a logged-in user; one who comes from outside gets a row on first sight. */
  async person(userId: string, outside?: OutsideProfile): Promise<User | null> {
    const user = await this.users.byId(userId);
    if (user !== null || outside === undefined) return user;
    return this.users.ensure({ id: userId, email: null, name: outside.name ?? null, keySalt: newSalt() });
  }

  /** Makes sure that the configured admin can log in. */
  async ensureAdmin(admin: { email: string; password: string }): Promise<void> {
    const email = admin.email.toLowerCase();
    const known = await this.users.byEmail(email);
    if (known?.role === 'admin' && (await passwordMatches(admin.password, known.passwordHash))) return;
    await this.users.putAdmin({
      id: randomUUID(), email, name: 'Administrator', passwordHash: await hashPassword(admin.password), keySalt: newSalt(),
    });
  }

  prune(): Promise<void> {
    return this.failures.prune(this.realClock.nowMs() - windowMs);
  }
}

const newSalt = (): string => randomBytes(16).toString('hex');
