import { withTransaction } from '@tollgate/persistence';
import type { Pool } from 'pg';

import type { LoginFailureStore } from '../app/users.ts';

/** `LoginFailureStore` on PostgreSQL. */
export function makeLoginFailureStore(pool: Pool): LoginFailureStore {
  return {
    begin: ({ account, address, atMs, sinceMs, most }) =>
      withTransaction(pool, async (client) => {
        // Serializes attempts per account and address: parallel attempts would otherwise count each other and be
        // throttled.
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
