import type { FailedTask, ImageFormat } from '@tollgate/contracts';
import type { Pool } from 'pg';

import type { ImageJob, TaskRow, TaskStore } from '../../app/ports.ts';

type Row = {
  id: string;
  status: TaskRow['status'];
  size: number;
  format: ImageFormat;
  owner: string | null;
  name: string | null;
  quality: number | null;
  webp: boolean | null;
  created_at: Date | null;
  expires_at: Date | null;
  completed_at: Date | null;
  optimized_size: number | null;
  webp_size: number | null;
  error: string | null;
  charge_returned_at: Date | null;
};

/**
 * Claims the oldest free task for longer than any job takes. Claims of a process that is gone end earlier, when the
 * next one starts.
 */
const claimSql = `
update optimizer.tasks set claimed_until = now() + interval '5 minutes', attempts = attempts + 1
 where id = (select id from optimizer.tasks where status = 'pending' and (claimed_until is null
   or claimed_until < now())
              order by created_at limit 1 for update skip locked)
returning id, format, quality, webp, attempts`;
const marksKeptMs = 30 * 86_400_000;
const atOnce = 200;
const failedAtOnce = 100;
const tooLate = 'the image was not optimised in time';

export function taskStore(pool: Pool): TaskStore {
  const run = async (sql: string, values: unknown[]): Promise<void> => void (await pool.query(sql, values));
  const ids = async (sql: string, values: unknown[]): Promise<readonly string[]> =>
    (await pool.query<{ id: string }>(`${sql} limit ${atOnce}`, values)).rows.map(({ id }) => id);
  return {
    stage: ({ id, size, format }) =>
      run(`insert into optimizer.tasks (id, status, size, format) values ($1, 'staged', $2, $3)`, [id, size, format]),
    find: async (id) => {
      const { rows } = await pool.query<Row>('select * from optimizer.tasks where id = $1', [id]);
      return rows[0] === undefined ? null : fromRow(rows[0]);
    },
    start: ({ id, owner, name, quality, webp, createdMs, expiresMs }) =>
      run(
        `update optimizer.tasks set status = 'pending', owner = $2, name = $3, quality = $4, webp = $5,
          created_at = $6, expires_at = $7
          where id = $1 and status = 'staged'`,
        [id, owner, name, quality, webp, new Date(createdMs), new Date(expiresMs)],
      ),
    remove: (id) => run('delete from optimizer.tasks where id = $1', [id]),
    claim: async () => (await pool.query<ImageJob>(claimSql)).rows[0] ?? null,
    unclaim: () => run(`update optimizer.tasks set claimed_until = null where status = 'pending'`, []),
    complete: (id, { optimizedSize, webpSize, completedMs }) =>
      run(
        `update optimizer.tasks set status = 'completed', optimized_size = $2, webp_size = $3, completed_at = $4
          where id = $1 and status = 'pending'`,
        [id, optimizedSize, webpSize, new Date(completedMs)],
      ),
    fail: (id, { error, completedMs }) =>
      run(
        `update optimizer.tasks set status = 'failed', error = $2, completed_at = $3
          where id = $1 and status = 'pending'`,
        [id, error, new Date(completedMs)],
      ),
    expired: (nowMs) =>
      ids(`select id from optimizer.tasks where status in ('pending', 'completed', 'failed') and expires_at <= $1`, [
        new Date(nowMs),
      ]),
    expire: (id, nowMs) =>
      run(
        `update optimizer.tasks set status = 'expired', error = case when status = 'pending' then $2 else error end,
                completed_at = case when status = 'pending' then $3 else completed_at end
          where id = $1`,
        [id, tooLate, new Date(nowMs)],
      ),
    failed: async () =>
      (
        await pool.query<FailedTask>(
          `select id, owner from optimizer.tasks where error is not null and charge_returned_at is null
            order by completed_at limit ${failedAtOnce}`,
        )
      ).rows,
    chargeReturned: (id) =>
      run(
        'update optimizer.tasks set charge_returned_at = now() where id = $1 and error is not null and ' +
          'charge_returned_at is null',
        [id],
      ),
    abandoned: async (nowMs) => [
      ...(await ids(
        `select id from optimizer.tasks where status = 'staged' and staged_at < now() - interval '1 hour'`,
        [],
      )),
      ...(await ids(`select id from optimizer.tasks where status = 'expired' and expires_at < $1`, [
        new Date(nowMs - marksKeptMs),
      ])),
    ],
    known: async (wanted) => {
      const { rows } = await pool.query<{ id: string }>('select id from optimizer.tasks where id = any($1::uuid[])', [
        wanted,
      ]);
      return new Set(rows.map(({ id }) => id));
    },
  };
}

const fromRow = (row: Row): TaskRow => ({
  id: row.id,
  status: row.status,
  size: row.size,
  format: row.format,
  owner: row.owner ?? '',
  name: row.name ?? '',
  quality: row.quality ?? 0,
  webp: row.webp ?? false,
  optimizedSize: row.optimized_size,
  webpSize: row.webp_size,
  error: row.error,
  createdMs: row.created_at?.getTime() ?? 0,
  chargeReturned: row.charge_returned_at !== null,
  completedMs: row.completed_at?.getTime() ?? null,
  expiresMs: row.expires_at?.getTime() ?? Infinity,
});
