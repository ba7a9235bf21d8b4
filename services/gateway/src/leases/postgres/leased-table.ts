import type { Pool } from 'pg';

import type { Lease, LeasedRow, LeasedRows } from '../app/leases.ts';

export type LeasedTable<Stored, Row> = {
  readonly table: string;
  readonly columns: string;
  readonly fromRow: (stored: Stored) => Row;
  /** Condition of an open row. */
  readonly isOpen: string;
  /** Column: the lease lasts until then, by the database's clock. */
  readonly until: string;
  /** Column: the process that has the lease. Without it a lease is not prolonged. */
  readonly owner?: string;
  /** A lease ended this long ago before its row is an orphan. */
  readonly orphanAfterMs?: number;
  /** Only rows with one of these values are taken as orphans; default: all. */
  readonly orphans?: { readonly column: string; readonly values: readonly string[] };
};

const orphansAtOnce = 20;
/** The end of a lease that begins now. */
export const leaseEnd = (parameter: string): string => `now() + ${parameter} * interval '1 millisecond'`;

/** The leases of a table. Taking skips rows that another process is taking. */
export function makeLeasedRows<Stored extends object, Row extends LeasedRow>(
  pool: Pool,
  of: LeasedTable<Stored, Row>,
): LeasedRows<Row> {
  const { table, columns, fromRow, isOpen, until, owner, orphanAfterMs = 0, orphans } = of;
  const taking = (lease: Lease) =>
    owner === undefined
      ? { set: `update ${table} set ${until} = ${leaseEnd('$1')}`, values: [lease.ms] }
      : { set: `update ${table} set ${until} = ${leaseEnd('$1')}, ${owner} = $2`, values: [lease.ms, lease.owner] };
  const rows = async (sql: string, values: readonly unknown[]): Promise<readonly Row[]> =>
    (await pool.query<Stored>(sql, [...values])).rows.map(fromRow);
  return {
    byId: async (id) => (await rows(`select ${columns} from ${table} where id = $1`, [id]))[0] ?? null,
    takeOver: async (id, lease) => {
      const { set, values } = taking(lease);
      const found = await rows(
        `${set} where id in (select id from ${table} where id = $${values.length + 1} and ${isOpen}
             and ${until} <= now() for update skip locked)
         returning ${columns}`,
        [...values, id],
      );
      return found[0] ?? null;
    },
    takeOrphans: (lease) => {
      const { set, values } = taking(lease);
      const after = values.length + 1;
      return rows(
        `${set} where id in (select id from ${table} where ${isOpen}
             and ${until} <= now() - $${after} * interval '1 millisecond'
             ${orphans === undefined ? '' : `and ${orphans.column} = any ($${after + 1}::text[])`}
             order by ${until} limit ${orphansAtOnce} for update skip locked)
         returning ${columns}`,
        [...values, orphanAfterMs, ...(orphans === undefined ? [] : [orphans.values])],
      );
    },
    letGo: async (id) => {
      await pool.query(`update ${table} set ${until} = now() where id = $1 and ${isOpen}`, [id]);
    },
    ...(owner === undefined
      ? {}
      : {
          beat: async ({ owner: by, ms }) => {
            await pool.query(
              `update ${table} set ${until} = ${leaseEnd('$2::int')}
                where ${owner} = $1 and ${isOpen} and ${until} > now()`,
              [by, ms],
            );
          },
        }),
  };
}
