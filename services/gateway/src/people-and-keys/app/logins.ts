import { randomBytes, randomUUID } from 'node:crypto';

import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';

import { failuresKept, failuresKeptMs, loginWaitMs } from '../domain/login-delay.ts';
import type { OutsideProfile } from './access.ts';
import { HashQueue } from './hash-queue.ts';
import { hashPassword, passwordMatches } from './passwords.ts';
import type { LoginFailureStore, Renewal, User, UserStore } from './users.ts';

export type LoginOutcome =
  | { readonly user: User }
  | { readonly fault: 'invalid' }
  | { readonly fault: 'throttled'; readonly retryAfterS: number };

/** The platform's own users: registration, logins, and the configured administrator. */
export class Logins {
  readonly #users: UserStore;
  readonly #failures: LoginFailureStore;
  readonly #realClock: Clock;
  readonly #registration: boolean;
  readonly #hashes = new HashQueue();
  readonly #onRenewed: (userId: string) => void;

  /** `onRenewed` is called for every user whose credentials ended. */
  constructor(options: {
    users: UserStore;
    failures: LoginFailureStore;
    realClock: Clock;
    onRenewed?: (userId: string) => void;
    /** false: nobody registers. */
    registration?: boolean | undefined;
  }) {
    this.#registration = options.registration ?? true;
    this.#onRenewed = options.onRenewed ?? (() => undefined);
    this.#users = options.users;
    this.#failures = options.failures;
    this.#realClock = options.realClock;
  }

  /**
   * null: the e-mail address is taken.
   * @throws AppError('refused', REGISTRATION_OFF | RATE_LIMITED)
   */
  async register(person: { email: string; password: string; name: string; address: string }): Promise<User | null> {
    if (!this.#registration) throw new AppError('refused', 'REGISTRATION_OFF', 'Registration is switched off');
    if ((await this.#users.byEmail(person.email)) !== null) return null;
    const passwordHash = await this.#hashes.run({ kind: 'registration', address: person.address }, () =>
      hashPassword(person.password),
    );
    return this.#users.insert({
      id: randomUUID(),
      email: person.email.toLowerCase(),
      name: person.name,
      role: 'user',
      passwordHash,
      keySalt: newSalt(),
      configuredHash: null,
    });
  }

  /**
   * Checks a password. The attempt is recorded as failed first and removed if it succeeds, so that parallel guesses are
   * counted. A throttled attempt is not checked and not counted. Other addresses are not delayed.
   */
  async logIn(credentials: { email: string; password: string; address: string }): Promise<LoginOutcome> {
    const account = credentials.email.toLowerCase();
    const atMs = this.#realClock.nowMs();
    const { address } = credentials;
    const attempt = await this.#failures.begin({
      account,
      address,
      atMs,
      sinceMs: atMs - failuresKeptMs,
      most: failuresKept,
    });
    const waitMs = loginWaitMs(attempt.before, atMs);
    if (waitMs > 0) {
      await this.#failures.forget(attempt.id);
      return { fault: 'throttled', retryAfterS: Math.ceil(waitMs / 1_000) };
    }
    const user = await this.#users.byEmail(account);
    const matches = await this.#hashes
      .run({ kind: 'login', address }, () => passwordMatches(credentials.password, user?.passwordHash ?? null))
      .catch(async (error: unknown) => {
        await this.#failures.forget(attempt.id);
        throw error;
      });
    if (!matches || user === null) return { fault: 'invalid' };
    await this.#failures.forget(attempt.id);
    return { user };
  }

  /** The row of a logged-in user. A user of an external provider gets a row at the first login. */
  async person(userId: string, outside?: OutsideProfile): Promise<User | null> {
    const user = await this.#users.byId(userId);
    if (user !== null || outside === undefined) return user;
    return this.#users.ensure({ id: userId, email: null, name: outside.name ?? null, keySalt: newSalt() });
  }

  /**
   * Changes a password, which ends all logins and the API key. null: there is no such user with a password. Guesses of
   * the current password are throttled like logins.
   */
  async changePassword(
    userId: string,
    change: { current: string; next: string; address: string },
  ): Promise<LoginOutcome | null> {
    const user = await this.#users.byId(userId);
    if (user === null || user.email === null || user.passwordHash === null) return null;
    const tried = await this.logIn({ email: user.email, password: change.current, address: change.address });
    if (!('user' in tried)) return tried;
    const passwordHash = await this.#hashes.run({ kind: 'login', address: change.address }, () =>
      hashPassword(change.next),
    );
    const renewed = await this.#renew(
      userId,
      { passwordHash, keySalt: newSalt(), endLogins: true },
      tried.user.passwordHash,
    );
    // Another request changed it meanwhile, so the given password is no longer the current one.
    return renewed === null ? { fault: 'invalid' } : { user: renewed };
  }

  /** Ends every login. The API key stays valid. */
  logOutEverywhere(userId: string): Promise<User | null> {
    return this.#renew(userId, { endLogins: true });
  }

  /** Replaces the API key. */
  async rotateKey(userId: string, outside?: OutsideProfile): Promise<User | null> {
    if ((await this.person(userId, outside)) === null) return null;
    return this.#renew(userId, { keySalt: newSalt() });
  }

  /** Ends the API key. */
  revokeKey(userId: string): Promise<User | null> {
    return this.#renew(userId, { keySalt: null });
  }

  /**
   * Ensures that the configured administrator is the only user with a configured role. Whenever an account becomes or
   * ceases to be the administrator's, its logins and API key end. A password changed over HTTP stays until another is
   * configured.
   */
  async ensureAdmin(admin: { email: string; password: string }): Promise<void> {
    const email = admin.email.toLowerCase();
    for (const { id, email: former } of await this.#users.configured()) {
      if (former === email) continue;
      await this.#renew(id, { role: 'user', configuredHash: null, keySalt: newSalt(), endLogins: true });
    }
    const known = await this.#users.byEmail(email);
    if (
      known?.role === 'admin' &&
      known.configuredHash !== null &&
      (await passwordMatches(admin.password, known.configuredHash))
    )
      return;
    const passwordHash = await hashPassword(admin.password);
    const made = { passwordHash, configuredHash: passwordHash, keySalt: newSalt(), role: 'admin' as const };
    if (
      known === null &&
      (await this.#users.insert({ ...made, id: randomUUID(), email, name: 'Administrator' })) !== null
    )
      return;
    const there = known ?? (await this.#users.byEmail(email));
    if (there !== null) await this.#renew(there.id, { ...made, endLogins: true });
  }

  async #renew(userId: string, renewal: Renewal, ifPassword?: string | null): Promise<User | null> {
    const user = await this.#users.renew(userId, renewal, ifPassword);
    this.#onRenewed(userId);
    return user;
  }

  prune(): Promise<void> {
    return this.#failures.prune(this.#realClock.nowMs() - failuresKeptMs);
  }
}

const newSalt = (): string => randomBytes(16).toString('hex');
