import type { Pool } from 'pg';

import type { Lease } from '../../leases/app/leases.ts';
import { leaseEnd, makeLeasedRows } from '../../leases/postgres/leased-table.ts';
import type { Begun, Operation, OperationStore, Progress, Step } from '../app/operations.ts';
import { openSteps } from '../app/operations.ts';
import { MicroBatch } from './micro-batch.ts';

type Row = {
  id: string;
  account: string;
  operation: string;
  key: string | null;
  content_hash: string;
  request: unknown;
  step: Step;
  hold: string | null;
  delivered: unknown;
  result: unknown;
  reason: string | null;
  created_at: Date;
  erased_at: Date | null;
};
const columns =
  'id, account, operation, key, content_hash, request, step, hold, delivered, result, reason, created_at, erased_at';
const isOpen = (column = 'step'): string => `${column} in (${openSteps.map((step) => `'${step}'`).join(', ')})`;

const fromRow = (row: Row): Operation => ({
  id: row.id,
  account: row.account,
  operation: row.operation,
  key: row.key,
  hash: row.content_hash,
  request: row.request,
  step: row.step,
  hold: row.hold,
  delivered: row.delivered,
  result: row.result,
  reason: row.reason,
  createdAt: row.created_at.toISOString(),
  erased: row.erased_at !== null,
});
const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

type Beginning = { readonly begun: Begun; readonly lease: Lease };
type Progressing = { readonly id: string; readonly progress: Progress };
const batchMax = 200;

/** Name of the operation that may begin only once. Operations without a key are all different. */
const nameOf = ({ begun: { id, account, operation, key } }: Beginning): string =>
  key === null ? id : JSON.stringify([account, operation, key]);

/** Columns of values for `unnest`. */
const across = <T>(items: readonly T[], values: (item: T) => readonly unknown[]): unknown[][] => {
  const rows = items.map(values);
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
};

/**
 * Inserts operations. Answers per item whether it was inserted; false: another operation has the key. Sorted, so that
 * two gateways never deadlock.
 */
async function begin(pool: Pool, items: readonly Beginning[]): Promise<readonly boolean[]> {
  const sorted = items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const { rows } = await pool.query<{ id: string }>(
    `insert into gateway.operations (id, account, operation, key, content_hash, request, leased_by, leased_until)
     select id, account, operation, key, hash, request::jsonb, owner, ${leaseEnd('ms')}
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::int[])
         as begun (id, account, operation, key, hash, request, owner, ms)
     on conflict (account, operation, key) do nothing returning id`,
    across(sorted, ({ begun: { id, account, operation, key, hash, request }, lease: { owner, ms } }) => [
      id,
      account,
      operation,
      key,
      hash,
      JSON.stringify(request ?? null),
      owner,
      ms,
    ]),
  );
  const begun = new Set(rows.map(({ id }) => id));
  return items.map(({ begun: { id } }) => begun.has(id));
}

/**
 * Ended operations are not changed, so two processes cannot undo each other's work. When an operation ends, only the
 * user id of its request is kept; repeats are compared by hash.
 */
async function progress(pool: Pool, items: readonly Progressing[]): Promise<readonly void[]> {
  const sorted = items.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  await pool.query(
    `update gateway.operations o set step = p.step,
       request = case when p.step in ('done', 'failed') then jsonb_build_object('userId', o.request -> 'userId')
         else o.request end, hold = coalesce(p.hold, o.hold), delivered = coalesce(p.delivered::jsonb, o.delivered),
       result = coalesce(p.result::jsonb, o.result), reason = coalesce(p.reason, o.reason),
       key = case when p.free_key then null else o.key end, updated_at = now()
      from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])
        as p (id, step, hold, delivered, result, reason, free_key)
      where o.id = p.id and ${isOpen('o.step')}`,
    across(sorted, ({ id, progress: { step, hold, delivered, result, reason, freeKey } }) => [
      id,
      step,
      hold ?? null,
      json(delivered),
      json(result),
      reason ?? null,
      freeKey ?? false,
    ]),
  );
  return items.map(() => undefined);
}

/** `swept`: the operations that are taken as orphans. */
export function makeOperationStore(pool: Pool, swept: readonly string[]): OperationStore {
  const many = async (sql: string, values: unknown[]): Promise<readonly Operation[]> =>
    (await pool.query<Row>(sql, values)).rows.map(fromRow);
  const begins = new MicroBatch({
    run: (items: readonly Beginning[]) => begin(pool, items),
    same: nameOf,
    max: batchMax,
  });
  const progresses = new MicroBatch({
    run: (items: readonly Progressing[]) => progress(pool, items),
    same: ({ id }) => id,
    max: batchMax,
  });
  return {
    ...makeLeasedRows<Row, Operation>(pool, {
      table: 'gateway.operations',
      columns,
      fromRow,
      isOpen: isOpen(),
      until: 'leased_until',
      owner: 'leased_by',
      orphans: { column: 'operation', values: swept },
    }),
    async begin(begun, lease) {
      for (;;) {
        if (await begins.add({ begun, lease })) return null;
        const { account, operation, key } = begun;
        const [first] = await many(
          `select ${columns} from gateway.operations where account = $1 and operation = $2 and key = $3`,
          [account, operation, key],
        );
        // The row is gone: the first request failed meanwhile and freed its key.
        if (first !== undefined) return first;
      }
    },
    progress: (id, progress) => progresses.add({ id, progress }),
    orphaned: (limit) =>
      many(
        `select ${columns} from gateway.operations where step = 'orphaned' or reason is not null
          order by updated_at desc limit $1`,
        [limit],
      ),
    async prune(beforeMs) {
      await pool.query(
        `delete from gateway.operations where key is null and step in ('done', 'failed') and updated_at < $1`,
        [new Date(beforeMs)],
      );
    },
  };
}
