import { withTransaction } from '@tollgate/persistence';
import type { Pool } from 'pg';
import type { LoginFailureStore, Role, User, UserStore } from '../../app/users.ts';

type UserRow = {
  id: string; email: string | null; name: string | null; role: Role; password_hash: string | null; key_salt: string; created_at: Date;
};
const columns = 'id, email, name, role, password_hash, key_salt, created_at';

function fromRow(row: UserRow): User {
  return {
    id: row.id, email: row.email, name: row.name, role: row.role, passwordHash: row.password_hash, keySalt: row.key_salt,
    createdAt: row.created_at.toISOString(),
  };
}

export function makeUserStore(pool: Pool): UserStore {
  const one = async (sql: string, values: unknown[]): Promise<User | null> => {
    const { rows } = await pool.query<UserRow>(sql, values);
    return rows[0] === undefined ? null : fromRow(rows[0]);
  };
  return {
    insert: (user) =>
      one(
        `insert into gateway.users (id, email, name, role, password_hash, key_salt) values ($1, $2, $3, $4, $5, $6)
         on conflict (email) do nothing returning ${columns}`,
        [user.id, user.email, user.name, user.role, user.passwordHash, user.keySalt],
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
    async putAdmin(user) {
      await pool.query(
        `insert into gateway.users (id, email, name, role, password_hash, key_salt) values ($1, $2, $3, 'admin', $4, $5)
         on conflict (email) do update set role = 'admin', password_hash = excluded.password_hash`,
        [user.id, user.email, user.name, user.passwordHash, user.keySalt],
      );
    },
  };
}

export function makeLoginFailureStore(pool: Pool): LoginFailureStore {
  return {
    async begin({ account, atMs, windowMs }) {
      const { inserted, counted } = await withTransaction(pool, async (client) => {
        // One attempt of an account at a time: else parallel ones, each seeing all others, would throttle one another.
        await client.query("select pg_advisory_xact_lock(hashtext('gateway.login_failures'), hashtext($1))", [account]);
        const noted = await client.query<{ id: bigint }>(
          'insert into gateway.login_failures (account, failed_at) values ($1, $2) returning id', [account, new Date(atMs)],
        );
        const seen = await client.query<{ count: number; oldest: Date }>(
          `select count(*)::int as count, min(failed_at) as oldest from gateway.login_failures
            where account = $1 and failed_at > $2`,
          [account, new Date(atMs - windowMs)],
        );
        return { inserted: noted, counted: seen };
      });
      const row = counted.rows[0];
      return { id: String(inserted.rows[0]?.id), count: row?.count ?? 1, oldestMs: row?.oldest?.getTime() ?? atMs };
    },
    async forget(id) {
      await pool.query('delete from gateway.login_failures where id = $1', [id]);
    },
    async prune(beforeMs) {
      await pool.query('delete from gateway.login_failures where failed_at < $1', [new Date(beforeMs)]);
    },
  };
}
