import type { Renewal, User, UserStore } from '../people-and-keys/app/users.ts';

/** `UserStore` in memory; it passes the contract of the one on PostgreSQL. */
export class UsersMemory implements UserStore {
  readonly #users = new Map<string, User & { readonly changedMs: number }>();

  async insert(user: Parameters<UserStore['insert']>[0]): Promise<User | null> {
    const taken = user.email !== null && (await this.byEmail(user.email)) !== null;
    return taken ? null : this.#keep(user);
  }

  async ensure(user: Parameters<UserStore['ensure']>[0]): Promise<User> {
    return (
      (await this.byId(user.id)) ?? this.#keep({ ...user, role: 'user', passwordHash: null, configuredHash: null })
    );
  }

  async byEmail(email: string): Promise<User | null> {
    return this.#all().find((user) => user.email === email.toLowerCase()) ?? null;
  }

  async byId(id: string): Promise<User | null> {
    return this.#all().find((user) => user.id === id) ?? null;
  }

  async renew(id: string, renewal: Renewal, ifPassword?: string | null): Promise<User | null> {
    const user = await this.byId(id);
    if (user === null || (ifPassword !== undefined && user.passwordHash !== ifPassword)) return null;
    const { endLogins = false, ...changes } = renewal;
    const renewed = {
      ...user,
      ...changes,
      ...(changes.keySalt === undefined ? {} : { keyCreatedAt: new Date().toISOString() }),
      tokenVersion: user.tokenVersion + (endLogins ? 1 : 0),
    };
    this.#users.set(id, { ...renewed, changedMs: Date.now() });
    return renewed;
  }

  async configured(): Promise<readonly User[]> {
    return this.#all().filter(({ configuredHash }) => configuredHash !== null);
  }

  async changedSince(since: Date | null): Promise<{ readonly ids: readonly string[]; readonly now: Date }> {
    const changed = [...this.#users.values()].filter(({ changedMs }) => since !== null && changedMs >= since.getTime());
    return { ids: changed.map(({ id }) => id), now: new Date() };
  }

  #keep(user: Parameters<UserStore['insert']>[0]): User {
    const now = new Date();
    const kept = { ...user, tokenVersion: 0, keyCreatedAt: now.toISOString(), createdAt: now.toISOString() };
    this.#users.set(user.id, { ...kept, changedMs: now.getTime() });
    return kept;
  }

  #all(): readonly User[] {
    return [...this.#users.values()].map(({ changedMs: _, ...user }) => user);
  }
}
