import { withTransaction } from '@tollgate/persistence';
import type { Pool } from 'pg';

import type { Scope } from '../app/access.ts';
import type { ServerKeyStore, StoredKey } from '../app/server-keys.ts';

type KeyRow = {
  id: string;
  name: string | null;
  key_hash: string;
  scopes: Scope[];
  rate_limit_per_s: number | null;
  account: string | null;
  expires_at: Date | null;
  last_used_at: Date | null;
  created_at: Date;
  revoked_at: Date | null;
};
const columns =
  'id, name, key_hash, scopes, rate_limit_per_s, account, expires_at, last_used_at, created_at, revoked_at';

function fromRow(row: KeyRow): StoredKey {
  return {
    id: row.id,
    name: row.name,
    hash: row.key_hash,
    scopes: row.scopes,
    rateLimitPerS: row.rate_limit_per_s,
    account: row.account,
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}

export function makeServerKeyStore(pool: Pool): ServerKeyStore {
  return {
    async insert(key) {
      const { rows } = await pool.query<KeyRow>(
        `insert into gateway.api_keys (id, name, key_hash, scopes, rate_limit_per_s, account, expires_at)
          values ($1, $2, $3, $4, $5, $6, $7)
         returning ${columns}`,
        [key.id, key.name, key.hash, key.scopes, key.rateLimitPerS, key.account, key.expiresAt],
      );
      if (rows[0] === undefined) throw new Error('an insert answered no row');
      return fromRow(rows[0]);
    },
    replace: (id, successor, oldEndsAt) =>
      withTransaction(pool, async (client) => {
        const { rows } = await client.query<KeyRow>(
          `insert into gateway.api_keys (id, name, key_hash, scopes, rate_limit_per_s, account, expires_at)
           select $2, name, $3, scopes, rate_limit_per_s, account, coalesce($4, expires_at) from gateway.api_keys
            where id = $1 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
           returning ${columns}`,
          [id, successor.id, successor.hash, successor.expiresAt ?? null],
        );
        await client.query(
          'update gateway.api_keys set expires_at = least(expires_at, $2) where id = $1 and revoked_at is null',
          [id, oldEndsAt],
        );
        return rows[0] === undefined ? null : fromRow(rows[0]);
      }),
    async list() {
      const { rows } = await pool.query<KeyRow>(
        `select ${columns} from gateway.api_keys where revoked_at is null order by created_at desc, id desc`,
      );
      return rows.map(fromRow);
    },
    async revoke(id) {
      const { rows } = await pool.query<KeyRow>(
        `update gateway.api_keys set revoked_at = now() where id = $1 and revoked_at is null returning ${columns}`,
        [id],
      );
      return rows[0] === undefined ? null : fromRow(rows[0]);
    },
    async used(uses) {
      await pool.query(
        `update gateway.api_keys k set last_used_at = greatest(k.last_used_at, u.at)
          from unnest($1::uuid[], $2::timestamptz[]) as u (id, at) where k.id = u.id`,
        [uses.map(({ id }) => id), uses.map(({ atMs }) => new Date(atMs))],
      );
    },
  };
}
