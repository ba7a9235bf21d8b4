import type { Pool } from 'pg';
import type { Scope } from '../../app/access.ts';
import type { ServerKeyStore, StoredKey } from '../../app/server-keys.ts';

type KeyRow = {
  id: string; name: string | null; key_hash: string; scopes: Scope[]; rate_limit_per_s: number | null; created_at: Date;
  revoked_at: Date | null;
};
const columns = 'id, name, key_hash, scopes, rate_limit_per_s, created_at, revoked_at';

function fromRow(row: KeyRow): StoredKey {
  return {
    id: row.id, name: row.name, hash: row.key_hash, scopes: row.scopes, rateLimitPerS: row.rate_limit_per_s,
    createdAt: row.created_at.toISOString(), revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}

export function makeServerKeyStore(pool: Pool): ServerKeyStore {
  return {
    async insert(key) {
      const { rows } = await pool.query<KeyRow>(
        `insert into gateway.api_keys (id, name, key_hash, scopes, rate_limit_per_s) values ($1, $2, $3, $4, $5)
         returning ${columns}`,
        [key.id, key.name, key.hash, key.scopes, key.rateLimitPerS],
      );
      if (rows[0] === undefined) throw new Error('an insert answered no row');
      return fromRow(rows[0]);
    },
    async list() {
      const { rows } = await pool.query<KeyRow>(
        `select ${columns} from gateway.api_keys where revoked_at is null order by created_at desc, id desc`,
      );
      return rows.map(fromRow);
    },
    async revoke(id) {
      const { rows } = await pool.query<KeyRow>(
        `update gateway.api_keys set revoked_at = now() where id = $1 and revoked_at is null returning ${columns}`, [id],
      );
      return rows[0] === undefined ? null : fromRow(rows[0]);
    },
  };
}
