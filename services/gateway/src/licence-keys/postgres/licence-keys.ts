import type { Pool } from 'pg';

import type { LicenceKey, LicenceKeyStore } from '../app/licence-keys.ts';

type KeyRow = {
  id: string;
  license_key: string;
  account: string;
  user_id: string | null;
  price_per_token: bigint | null;
  created_at: Date;
};
const columns = 'id, license_key, account, user_id, price_per_token, created_at';
const live = 'opened_at is not null and deleted_at is null';

function fromRow(row: KeyRow): LicenceKey {
  return {
    id: row.id,
    key: row.license_key,
    account: row.account,
    userId: row.user_id,
    pricePerToken: row.price_per_token,
    createdAt: row.created_at.toISOString(),
  };
}

export function makeLicenceKeyStore(pool: Pool): LicenceKeyStore {
  const many = async (sql: string, values: unknown[]): Promise<readonly LicenceKey[]> => {
    const { rows } = await pool.query<KeyRow>(sql, values);
    return rows.map(fromRow);
  };
  const one = async (sql: string, values: unknown[]): Promise<LicenceKey | null> =>
    (await many(sql, values))[0] ?? null;
  return {
    reserve: (key) =>
      one(
        `insert into gateway.license_keys (id, license_key, account, partition, price_per_token)
          values ($1, $2, $3, $4, $5)
         on conflict (license_key) do update set price_per_token = excluded.price_per_token
           where gateway.license_keys.opened_at is null
         returning ${columns}`,
        [key.id, key.key, key.account, key.partition, key.pricePerToken],
      ),
    async opened(id) {
      await pool.query('update gateway.license_keys set opened_at = now() where id = $1 and opened_at is null', [id]);
    },
    async setOwner(id, userId) {
      await pool.query('update gateway.license_keys set user_id = $2 where id = $1', [id, userId]);
    },
    async remove(id) {
      await pool.query('update gateway.license_keys set user_id = null, deleted_at = now() where id = $1', [id]);
    },
    byId: (id) => one(`select ${columns} from gateway.license_keys where id = $1 and ${live}`, [id]),
    byKey: (key) => one(`select ${columns} from gateway.license_keys where license_key = $1 and ${live}`, [key]),
    byUser: (userId) =>
      many(`select ${columns} from gateway.license_keys where user_id = $1 and ${live} order by created_at, id`, [
        userId,
      ]),
    async page({ offset, limit }) {
      const counted = await pool.query<{ total: number }>(
        `select count(*)::int as total from gateway.license_keys where ${live}`,
      );
      const items = await many(
        `select ${columns} from gateway.license_keys where ${live} order by created_at desc,
          id desc offset $1 limit $2`,
        [offset, limit],
      );
      return { items, total: counted.rows[0]?.total ?? 0 };
    },
  };
}
