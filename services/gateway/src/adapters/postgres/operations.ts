import type { Pool } from 'pg';
import { openSteps } from '../../app/operations.ts';
import type { Operation, OperationStore, Step } from '../../app/operations.ts';

type Row = {
  id: string; account: string; operation: string; key: string | null; content_hash: string; request: unknown; step: Step; hold: string | null;
  delivered: unknown; result: unknown; reason: string | null; created_at: Date;
};
const columns = 'id, account, operation, key, content_hash, request, step, hold, delivered, result, reason, created_at';
const isOpen = `step in (${openSteps.map((step) => `'${step}'`).join(', ')})`;
const orphansPerLook = 20;

const fromRow = (row: Row): Operation => ({
  id: row.id, account: row.account, operation: row.operation, key: row.key, hash: row.content_hash, request: row.request, step: row.step,
  hold: row.hold, delivered: row.delivered, result: row.result, reason: row.reason, createdAt: row.created_at.toISOString(),
});
const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
const until = (parameter: string): string => `now() + ${parameter} * interval '1 millisecond'`;

export function makeOperationStore(pool: Pool): OperationStore {
  const many = async (sql: string, values: unknown[]): Promise<readonly Operation[]> => (await pool.query<Row>(sql, values)).rows.map(fromRow);
  return {
    async begin({ id, account, operation, key, hash, request }, { owner, ms }) {
      for (;;) {
        const { rowCount } = await pool.query(
          `insert into gateway.operations (id, account, operation, key, content_hash, request, leased_by, leased_until)
           values ($1, $2, $3, $4, $5, $6, $7, ${until('$8::int')}) on conflict (account, operation, key) do nothing`,
          [id, account, operation, key, hash, JSON.stringify(request ?? null), owner, ms],
        );
        if (rowCount === 1) return null;
        const [first] = await many(
          `select ${columns} from gateway.operations where account = $1 and operation = $2 and key = $3`, [account, operation, key],
        );
        // Gone in between: the first has just failed and freed its key.
        if (first !== undefined) return first;
      }
    },
    byId: async (id) => (await many(`select ${columns} from gateway.operations where id = $1`, [id]))[0] ?? null,
    async progress(id, { step, hold, delivered, result, reason, freeKey }) {
      // What is over stays as it is: two who worked on one operation cannot undo each other.
      await pool.query(
        `update gateway.operations set step = $2, hold = coalesce($3, hold), delivered = coalesce($4::jsonb, delivered),
           result = coalesce($5::jsonb, result), reason = coalesce($6, reason), key = case when $7 then null else key end, updated_at = now()
          where id = $1 and ${isOpen}`,
        [id, step, hold ?? null, json(delivered), json(result), reason ?? null, freeKey ?? false],
      );
    },
    async beat({ owner, ms }) {
      await pool.query(`update gateway.operations set leased_until = ${until('$2::int')} where leased_by = $1 and ${isOpen} and leased_until > now()`, [owner, ms]);
    },
    async letGo(id) {
      await pool.query(`update gateway.operations set leased_until = now() where id = $1 and ${isOpen}`, [id]);
    },
    takeOver: ({ owner, ms }, of) =>
      many(
        `update gateway.operations set leased_by = $1, leased_until = ${until('$2::int')}
          where id in (select id from gateway.operations where ${isOpen} and leased_until <= now()
            and ${'id' in of ? 'id = $3::uuid' : 'operation = any ($3::text[])'} order by leased_until limit ${orphansPerLook} for update skip locked)
          returning ${columns}`,
        [owner, ms, 'id' in of ? of.id : of.operations],
      ),
    orphaned: (limit) => many(`select ${columns} from gateway.operations where step = 'orphaned' or reason is not null order by updated_at desc limit $1`, [limit]),
    async prune(beforeMs) {
      await pool.query(`delete from gateway.operations where key is null and step in ('done', 'failed') and updated_at < $1`, [new Date(beforeMs)]);
    },
  };
}
