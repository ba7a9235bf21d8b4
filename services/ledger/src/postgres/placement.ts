import { AppError, placementVersion } from '@tollgate/kernel';
import type { Pool } from 'pg';

/**
 * Fixes the number of partitions and the version of the placement hash with the books, once; they decide where an
 * account lives (rule 4).
 * @throws AppError('invalid') when the books were made with others: starting would look for accounts in the wrong
 * place.
 */
export async function fixPlacement(pool: Pool, partitions: number): Promise<void> {
  await pool.query('insert into ledger.placement (partitions, hash_version) values ($1, $2) on conflict do nothing', [
    partitions,
    placementVersion,
  ]);
  const {
    rows: [row],
  } = await pool.query<{ partitions: number; hash_version: number }>(
    'select partitions, hash_version from ledger.placement',
  );
  if (row?.partitions !== partitions || row.hash_version !== placementVersion) {
    throw new AppError(
      'invalid',
      'REQUEST_INVALID',
      `the books have ${row?.partitions} partitions with placement ${row?.hash_version}, this platform has ` +
        `${partitions} with placement ${placementVersion}`,
    );
  }
  await pool.query(
    'insert into ledger.positions (partition) select generate_series(0, $1 - 1) on conflict do nothing',
    [partitions],
  );
}
