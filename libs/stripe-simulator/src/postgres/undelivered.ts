import type { Pool } from 'pg';

export type Undelivered = { readonly position: bigint; readonly body: unknown; readonly tries: number };

/** Webhooks whose time has come, in the order of what happened. */
export async function undelivered(pool: Pool, limit: number): Promise<readonly Undelivered[]> {
  const { rows } = await pool.query<Undelivered>(
    `select position, body, tries from stripe_simulator.events where delivered_at is null and next_try_at <= now()
      order by position limit $1`,
    [limit],
  );
  return rows;
}

/** Records an attempt; unless `done`, it is repeated after `delayS`. */
export async function tried(
  pool: Pool,
  position: bigint,
  { done, delayS }: { readonly done: boolean; readonly delayS: number },
): Promise<void> {
  await pool.query(
    `update stripe_simulator.events set tries = tries + 1, delivered_at = case when $2 then now() end,
       next_try_at = now() + make_interval(secs => $3) where position = $1`,
    [position, done, delayS],
  );
}
