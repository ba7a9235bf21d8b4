import type { Pool, PoolClient } from 'pg';

import { endHold, tryHold } from '../charges/postgres/charges.sql.ts';
import { guarded } from './guarded.ts';

/**
 * Runs `work` on a session that holds this charge or refund; false: another one does. The hold ends with the session,
 * so that a killed process blocks nobody (ADR 18).
 */
export async function whileHeld(
  holders: Pool,
  id: string,
  work: (client: PoolClient) => Promise<void>,
): Promise<boolean> {
  const client = await guarded(() => holders.connect());
  let broken: Error | boolean = true;
  try {
    const { rows } = await guarded(() => client.query<{ ours: boolean }>(tryHold, [id]));
    if (rows[0]?.ours !== true) {
      broken = false;
      return false;
    }
    await work(client);
    await client.query(endHold, [id]);
    broken = false;
    return true;
  } finally {
    // If the lock may still be held, the session is closed, which releases it.
    client.release(broken);
  }
}

/** Runs a transaction on a session that is held already. */
export async function inTransaction<T>(client: PoolClient, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
