import { withTransaction } from '@tollgate/persistence';
import type { Pool } from 'pg';

import type { ErasureStore } from '../app/erasures.ts';

const isOver = "step in ('done', 'failed', 'orphaned')";
const operations = `update gateway.operations set request = 'null', delivered = null, result = null, reason = null,
  erased_at = now()
where account = any($1) and ${isOver} and erased_at is null`;
const underWay = `select count(*)::int as count from gateway.operations where account = any($1) and not ${isOver}`;
const submits = `update gateway.optimize_submits set submit = jsonb_set(submit, '{name}', '""')
  where account = any($1) and answer is not null and submit ->> 'name' <> ''`;
const queued = 'delete from gateway.consumption_queue where user_id = any($1) and appended_at is not null';
/** Usage that is not in the log yet must still be counted. */
const waiting = `update gateway.consumption_queue set metadata = '{}', client_id = null, operation_type = 'erased'
where user_id = any($1) and appended_at is null and (metadata <> '{}' or client_id is not null
  or operation_type <> 'erased')`;
const failures = 'delete from gateway.login_failures where account = (select email from gateway.users where id = $1)';
const login = `update gateway.users set email = null, name = null, password_hash = null, key_salt = null,
  token_version = token_version + 1,
  credentials_changed_at = clock_timestamp()
where id = $1 and role = 'user' and (email is not null or name is not null or password_hash is not null or key_salt
  is not null)`;

/** `ErasureStore` on PostgreSQL. */
export function makeErasureStore(pool: Pool): ErasureStore {
  return {
    erase: ({ accounts, users, login: ofLogin }) =>
      withTransaction(pool, async (tx) => {
        const count = async (sql: string, value: unknown): Promise<number> =>
          (await tx.query(sql, [value])).rowCount ?? 0;
        const erased = {
          operations: await count(operations, accounts),
          image_submits: await count(submits, accounts),
          queued_usage: (await count(queued, users)) + (await count(waiting, users)),
        };
        const under = (await tx.query<{ count: number }>(underWay, [accounts])).rows[0]?.count ?? 0;
        if (ofLogin === null) return { ...erased, logins: 0, operations_under_way: under };
        await tx.query(failures, [ofLogin]);
        return { ...erased, logins: await count(login, ofLogin), operations_under_way: under };
      }),
  };
}
