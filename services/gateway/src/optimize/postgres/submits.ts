import type { Pool } from 'pg';

import type { SubmitRow, SubmitStore } from '../app/image-submits.ts';

type Row = {
  idempotency_key: string | null;
  content_hash: string;
  submit: SubmitRow['submit'];
  answer: SubmitRow['answer'];
};
const columns = 'idempotency_key, content_hash, submit, answer';
const lease = (parameter: string): string => `now() + ${parameter} * interval '1 millisecond'`;

const fromRow = (row: Row): SubmitRow => ({
  submit: row.submit,
  key: row.idempotency_key,
  hash: row.content_hash,
  answer: row.answer,
});

export function makeSubmitStore(pool: Pool): SubmitStore {
  const changed = async (sql: string, values: unknown[]): Promise<boolean> =>
    ((await pool.query(sql, values)).rowCount ?? 0) > 0;
  return {
    begin: ({ submit, key, hash }, leaseMs) =>
      changed(
        `insert into gateway.optimize_submits (id, account, idempotency_key, content_hash, submit, lease_until)
         values ($1, $2, $3, $4, $5, ${lease('$6')}) on conflict (account, idempotency_key) do nothing`,
        [submit.id, submit.account, key, hash, JSON.stringify(submit), leaseMs],
      ),
    find: async (account, key) => {
      const { rows } = await pool.query<Row>(
        `select ${columns} from gateway.optimize_submits where account = $1 and idempotency_key = $2`,
        [account, key],
      );
      return rows[0] === undefined ? null : fromRow(rows[0]);
    },
    takeOver: (id, leaseMs) =>
      changed(
        `update gateway.optimize_submits set lease_until = ${lease('$2')} where id = $1 and answer is null
          and lease_until <= now()`,
        [id, leaseMs],
      ),
    orphans: async (leaseMs, max) => {
      const { rows } = await pool.query<Row>(
        `update gateway.optimize_submits set lease_until = ${lease('$1')}
          where id in (select id from gateway.optimize_submits
            where answer is null and lease_until <= now() - interval '1 second'
                        order by lease_until limit $2 for update skip locked)
         returning ${columns}`,
        [leaseMs, max],
      );
      return rows.map(fromRow);
    },
    release: async (id) => {
      await changed('update gateway.optimize_submits set lease_until = now() where id = $1 and answer is null', [id]);
    },
    answered: async (id, answer) => {
      await changed('update gateway.optimize_submits set answer = $2 where id = $1 and idempotency_key is not null', [
        id,
        JSON.stringify(answer),
      ]);
      await changed('delete from gateway.optimize_submits where id = $1 and idempotency_key is null', [id]);
    },
    drop: async (id) => {
      await changed('delete from gateway.optimize_submits where id = $1 and answer is null', [id]);
    },
  };
}
