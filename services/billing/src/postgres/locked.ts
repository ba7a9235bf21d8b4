import type { Pool, PoolClient } from 'pg';

import { tryLock, unlock } from '../charges/postgres/charges.sql.ts';
import { orOutage } from './or-outage.ts';

/**
 * Runs `work` on a session that locks this charge or refund; false: another one does. The lock ends with the session,
 * so that a killed process blocks nobody (ADR 18).
 */
export async function whileLocked(
  lockPool: Pool,
  id: string,
  work: (client: PoolClient) => Promise<void>,
): Promise<boolean> {
  const client = await orOutage(() => lockPool.connect());
  let broken: Error | boolean = true;
  try {
    const { rows } = await orOutage(() => client.query<{ ours: boolean }>(tryLock, [id]));
    if (rows[0]?.ours !== true) {
      broken = false;
      return false;
    }
    await work(client);
    await client.query(unlock, [id]);
    broken = false;
    return true;
  } finally {
    // If the lock may still be held, the session is closed, which releases it.
    client.release(broken);
  }
}

/** Runs a transaction on a session that holds the lock. */
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
