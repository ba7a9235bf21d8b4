import { returned } from '@tollgate/persistence';
import type { DataSource } from 'typeorm';
import { IsNull } from 'typeorm';

import type { ServerKeyStore } from '../app/server-keys.ts';
import { serverKeyEntity } from './server-key.entity.ts';

/** Copies the key with its rights to the successor, which may have another end. Only a key in force can have one. */
const succeedSql = `
insert into gateway.api_keys (id, name, key_hash, scopes, rate_limit_per_s, account, expires_at)
select $2, name, $3, scopes, rate_limit_per_s, account, coalesce($4, expires_at) from gateway.api_keys
 where id = $1 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
returning *`;
const endSql = 'update gateway.api_keys set expires_at = least(expires_at, $2) where id = $1 and revoked_at is null';
const usedSql = `
update gateway.api_keys k set last_used_at = greatest(k.last_used_at, u.at)
  from unnest($1::uuid[], $2::timestamptz[]) as u (id, at) where k.id = u.id`;

/** `ServerKeyStore` on PostgreSQL. */
export function makeServerKeyStore(source: DataSource): ServerKeyStore {
  const keys = source.getRepository(serverKeyEntity);
  return {
    async insert(key) {
      await keys.insert({ ...key, scopes: [...key.scopes] });
      return keys.findOneByOrFail({ id: key.id });
    },
    replace: (id, successor, oldEndsAt) =>
      source.transaction(async (tx) => {
        const raw: unknown = await tx.query(succeedSql, [
          id,
          successor.id,
          successor.hash,
          successor.expiresAt ?? null,
        ]);
        await tx.query(endSql, [id, oldEndsAt]);
        return returned(keys, { raw })[0] ?? null;
      }),
    list: () => keys.find({ where: { revokedAt: IsNull() }, order: { createdAt: 'DESC', id: 'DESC' } }),
    async revoke(id) {
      const revoked = keys
        .createQueryBuilder()
        .update()
        .set({ revokedAt: () => 'now()' })
        .where('id = :id and revoked_at is null', { id })
        .returning('*');
      return returned(keys, await revoked.execute())[0] ?? null;
    },
    async used(uses) {
      await source.query(usedSql, [uses.map(({ id }) => id), uses.map(({ atMs }) => new Date(atMs))]);
    },
  };
}
