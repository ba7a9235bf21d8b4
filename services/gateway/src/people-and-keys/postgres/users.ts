import { returned } from '@tollgate/persistence';
import type { DataSource } from 'typeorm';
import { IsNull, Not } from 'typeorm';

import type { User, UserStore } from '../app/users.ts';
import type { UserRow } from './user.entity.ts';
import { userEntity } from './user.entity.ts';

/** Longer than any transaction here, so that changes that committed late are not missed. */
const overlap = "interval '30 seconds'";
const changedSinceSql = `select clock_timestamp() as now,
  array(select id from gateway.users where $1::timestamptz is not null
    and credentials_changed_at > $1::timestamptz - ${overlap}) as ids`;

const userOf = ({ credentialsChangedAt: _, ...user }: UserRow): User => user;
const userOrNull = (row: UserRow | null | undefined): User | null => (row ? userOf(row) : null);

/** `UserStore` on PostgreSQL. */
export function makeUserStore(source: DataSource): UserStore {
  const users = source.getRepository(userEntity);
  /** Keeps an existing row. Works on a copy, because TypeORM writes generated values into the object that it gets. */
  const inserting = (user: Partial<UserRow>) =>
    users
      .createQueryBuilder()
      .insert()
      .values({ ...user })
      .orIgnore();
  return {
    async insert(user) {
      return userOrNull(returned(users, await inserting(user).returning('*').execute())[0]);
    },
    async ensure(user) {
      await inserting(user).execute();
      return userOf(await users.findOneByOrFail({ id: user.id }));
    },
    byEmail: async (email) => userOrNull(await users.findOneBy({ email: email.toLowerCase() })),
    byId: async (id) => userOrNull(await users.findOneBy({ id })),
    async renew(id, { role, passwordHash, keySalt, endLogins = false, configuredHash }, ifPassword) {
      const renewed = users
        .createQueryBuilder()
        .update()
        .set({
          ...(role === undefined ? {} : { role }),
          ...(passwordHash === undefined ? {} : { passwordHash }),
          ...(keySalt === undefined ? {} : { keySalt, keyCreatedAt: () => 'now()' }),
          ...(endLogins ? { tokenVersion: () => 'token_version + 1' } : {}),
          ...(configuredHash === undefined ? {} : { configuredHash }),
          credentialsChangedAt: () => 'clock_timestamp()',
        })
        .where('id = :id', { id })
        .returning('*');
      if (ifPassword !== undefined) renewed.andWhere('password_hash is not distinct from :ifPassword', { ifPassword });
      return userOrNull(returned(users, await renewed.execute())[0]);
    },
    configured: async () => (await users.findBy({ configuredHash: Not(IsNull()) })).map(userOf),
    async changedSince(since) {
      const [row] = await source.query<readonly { now: Date; ids: string[] }[]>(changedSinceSql, [since]);
      return { ids: row?.ids ?? [], now: row?.now ?? new Date(0) };
    },
  };
}
