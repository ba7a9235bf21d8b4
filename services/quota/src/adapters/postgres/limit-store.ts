import { partitionOf } from '@tollgate/kernel';
import type { Pool } from 'pg';

import type { LimitStore, StoredLimit } from '../../app/ports.ts';

type Row = {
  quota_bytes: bigint;
  subscription_type: string;
  expires_at: Date | null;
  fetched_at: Date;
  valid: boolean;
  booked: boolean;
  opened: boolean;
};
const columns = `quota_bytes, subscription_type, expires_at, fetched_at, valid,
  opened, booked_bytes is not distinct from quota_bytes as booked`;

/**
 * A new figure resets what was booked, so that an append in flight for the old figure does not count for the new one.
 */
const saveSql = `
insert into quota.limits as l (token_hash, partition, quota_bytes, subscription_type, expires_at, fetched_at, used_at,
  valid)
values ($1, $2, $3, $4, $5, $6, now(), true)
on conflict (token_hash) do update set
  booked_bytes = case when l.quota_bytes = excluded.quota_bytes then l.booked_bytes end,
  quota_bytes = excluded.quota_bytes, subscription_type = excluded.subscription_type, expires_at = excluded.expires_at,
  fetched_at = excluded.fetched_at, used_at = now(), valid = true
where l.fetched_at < excluded.fetched_at`;

export function limitStore(pool: Pool, partitions: number): LimitStore {
  const find = async (tokenHash: string): Promise<StoredLimit | null> => {
    const { rows } = await pool.query<Row>(`select ${columns} from quota.limits where token_hash = $1`, [tokenHash]);
    return rows[0] === undefined ? null : fromRow(rows[0]);
  };
  return {
    find,
    save: async (tokenHash, { bytes, subscriptionType, expiresMs, fetchedMs }) => {
      const partition = partitionOf(`quota:${tokenHash.slice(0, 32)}`, partitions);
      const expiresAt = expiresMs === null ? null : new Date(expiresMs);
      await pool.query(saveSql, [tokenHash, partition, bytes, subscriptionType, expiresAt, new Date(fetchedMs)]);
      return (
        (await find(tokenHash)) ?? {
          bytes,
          subscriptionType,
          expiresMs,
          fetchedMs,
          valid: true,
          booked: false,
          opened: false,
        }
      );
    },
    refuse: async (tokenHash, fetchedMs) => {
      await pool.query(
        'update quota.limits set valid = false, fetched_at = $2 where token_hash = $1 and fetched_at < $2',
        [tokenHash, new Date(fetchedMs)],
      );
    },
    booked: async (tokenHash, { bytes, fetchedMs }) => {
      await pool.query(
        'update quota.limits set opened = true, booked_bytes = case when quota_bytes = $2 and fetched_at >= $3 ' +
          'then $2 else booked_bytes end where token_hash = $1',
        [tokenHash, bytes, new Date(fetchedMs)],
      );
    },
  };
}

const fromRow = (row: Row): StoredLimit => ({
  bytes: row.quota_bytes,
  subscriptionType: row.subscription_type,
  expiresMs: row.expires_at?.getTime() ?? null,
  fetchedMs: row.fetched_at.getTime(),
  valid: row.valid,
  booked: row.booked,
  opened: row.opened,
});
