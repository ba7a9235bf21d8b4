import type { Pool } from 'pg';

import { leaseEnd, makeLeasedRows } from '../../leases/postgres/leased-table.ts';
import type { SubmitRow, SubmitStore } from '../app/image-submits.ts';

type Row = {
  id: string;
  idempotency_key: string | null;
  content_hash: string;
  submit: SubmitRow['submit'];
  answer: SubmitRow['answer'];
};
const table = 'gateway.optimize_submits';
const columns = 'id, idempotency_key, content_hash, submit, answer';
/** A repeat under the key of a submit that was given up is served before the sweep. */
const orphanAfterMs = 1_000;

const fromRow = (row: Row): SubmitRow => ({
  id: row.id,
  submit: row.submit,
  key: row.idempotency_key,
  hash: row.content_hash,
  answer: row.answer,
});

/** `SubmitStore` on PostgreSQL. */
export function makeSubmitStore(pool: Pool): SubmitStore {
  const changed = async (sql: string, values: unknown[]): Promise<boolean> =>
    ((await pool.query(sql, values)).rowCount ?? 0) > 0;
  return {
    ...makeLeasedRows<Row, SubmitRow>(pool, {
      table,
      columns,
      fromRow,
      isOpen: 'answer is null',
      until: 'lease_until',
      orphanAfterMs,
    }),
    begin: ({ submit, key, hash }, { ms }) =>
      changed(
        `insert into ${table} (id, account, idempotency_key, content_hash, submit, lease_until)
         values ($1, $2, $3, $4, $5, ${leaseEnd('$6')}) on conflict (account, idempotency_key) do nothing`,
        [submit.id, submit.account, key, hash, JSON.stringify(submit), ms],
      ),
    find: async (account, key) => {
      const { rows } = await pool.query<Row>(
        `select ${columns} from ${table} where account = $1 and idempotency_key = $2`,
        [account, key],
      );
      return rows[0] === undefined ? null : fromRow(rows[0]);
    },
    answered: async (id, answer) => {
      await changed(`update ${table} set answer = $2 where id = $1 and idempotency_key is not null`, [
        id,
        JSON.stringify(answer),
      ]);
      await changed(`delete from ${table} where id = $1 and idempotency_key is null`, [id]);
    },
    drop: async (id) => {
      await changed(`delete from ${table} where id = $1 and answer is null`, [id]);
    },
  };
}
