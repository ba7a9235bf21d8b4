import { withTransaction } from '@tollgate/persistence';
import type { Pool } from 'pg';

import type { LoginFailureStore, Role, User, UserStore } from '../app/users.ts';

type UserRow = {
  id: string;
  email: string | null;
  name: string | null;
  role: Role;
  password_hash: string | null;
  key_salt: string | null;
  key_created_at: Date;
  token_version: number;
  configured_password_hash: string | null;
  created_at: Date;
};
const columns =
  'id, email, name, role, password_hash, key_salt, key_created_at, token_version, configured_password_hash, created_at';
/** Longer than any transaction here: what was committed late is seen by the next look. */
const overlap = "interval '30 seconds'";

function fromRow(row: UserRow): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    passwordHash: row.password_hash,
    keySalt: row.key_salt,
    keyCreatedAt: row.key_created_at.toISOString(),
    tokenVersion: row.token_version,
    configuredHash: row.configured_password_hash,
    createdAt: row.created_at.toISOString(),
  };
}

export function makeUserStore(pool: Pool): UserStore {
  const many = async (sql: string, values: unknown[]): Promise<User[]> =>
    (await pool.query<UserRow>(sql, values)).rows.map(fromRow);
  const one = async (sql: string, values: unknown[]): Promise<User | null> => (await many(sql, values))[0] ?? null;
  return {
    insert: (user) =>
      one(
        `insert into gateway.users (id, email, name, role, password_hash, key_salt, configured_password_hash)
          values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (email) do nothing returning ${columns}`,
        [user.id, user.email, user.name, user.role, user.passwordHash, user.keySalt, user.configuredHash],
      ),
    async ensure(user) {
      const made = await one(
        `insert into gateway.users (id, email, name, key_salt) values ($1, $2, $3, $4)
         on conflict (id) do update set id = excluded.id returning ${columns}`,
        [user.id, user.email, user.name, user.keySalt],
      );
      if (made === null) throw new Error('an upsert answered no row');
      return made;
    },
    byEmail: (email) => one(`select ${columns} from gateway.users where email = $1`, [email.toLowerCase()]),
    byId: (id) => one(`select ${columns} from gateway.users where id = $1`, [id]),
    renew: (id, { role, passwordHash, keySalt, endLogins = false, configuredHash }, ifPassword) =>
      one(
        `update gateway.users set role = coalesce($2, role), password_hash = coalesce($3, password_hash),
           key_salt = case when $4 then $5 else key_salt end, key_created_at = case when $4 then now()
             else key_created_at end,
           token_version = token_version + case when $6 then 1 else 0 end,
           configured_password_hash = case when $7 then $8 else configured_password_hash end,
             credentials_changed_at = clock_timestamp()
         where id = $1 and (not $9 or password_hash is not distinct from $10) returning ${columns}`,
        [
          id,
          role ?? null,
          passwordHash ?? null,
          keySalt !== undefined,
          keySalt ?? null,
          endLogins,
          configuredHash !== undefined,
          configuredHash ?? null,
          ifPassword !== undefined,
          ifPassword ?? null,
        ],
      ),
    configured: () => many(`select ${columns} from gateway.users where configured_password_hash is not null`, []),
    async changedSince(since) {
      const { rows } = await pool.query<{ now: Date; ids: string[] }>(
        `select clock_timestamp() as now,
           array(select id from gateway.users where $1::timestamptz is not null
             and credentials_changed_at > $1::timestamptz - ${overlap}) as ids`,
        [since],
      );
      return { ids: rows[0]?.ids ?? [], now: rows[0]?.now ?? new Date(0) };
    },
  };
}

export function makeLoginFailureStore(pool: Pool): LoginFailureStore {
  return {
    begin: ({ account, address, atMs, sinceMs, most }) =>
      withTransaction(pool, async (client) => {
        // One attempt of an account and address at a time: else parallel ones, each seeing all others, would throttle
        // one another.
        await client.query("select pg_advisory_xact_lock(hashtext('gateway.login_failures'), hashtext($1))", [
          `${account} ${address}`,
        ]);
        const { rows: before } = await client.query<{ failed_at: Date }>(
          `select failed_at from gateway.login_failures where account = $1 and address = $2 and failed_at > $3
            order by failed_at desc limit $4`,
          [account, address, new Date(sinceMs), most],
        );
        const { rows: noted } = await client.query<{ id: bigint }>(
          'insert into gateway.login_failures (account, address, failed_at) values ($1, $2, $3) returning id',
          [account, address, new Date(atMs)],
        );
        return { id: String(noted[0]?.id), before: before.map(({ failed_at: at }) => at.getTime()) };
      }),
    async forget(id) {
      await pool.query('delete from gateway.login_failures where id = $1', [id]);
    },
    async prune(beforeMs) {
      await pool.query('delete from gateway.login_failures where failed_at < $1', [new Date(beforeMs)]);
    },
  };
}
