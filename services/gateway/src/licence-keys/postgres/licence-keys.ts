import { returned } from '@tollgate/persistence';
import type { DataSource } from 'typeorm';
import { IsNull, Not } from 'typeorm';

import type { LicenceKey, LicenceKeyStore } from '../app/licence-keys.ts';
import type { LicenceKeyRow } from './licence-key.entity.ts';
import { licenceKeyEntity } from './licence-key.entity.ts';

/** A key whose account the ledger never confirmed is reserved again; any other is taken. */
const reserveSql = `
insert into gateway.license_keys (id, license_key, account, partition, price_per_token) values ($1, $2, $3, $4, $5)
on conflict (license_key) do update set price_per_token = excluded.price_per_token
  where gateway.license_keys.opened_at is null
returning *`;
const live = { openedAt: Not(IsNull()), deletedAt: IsNull() };

const keyOf = ({ partition: _, openedAt: __, deletedAt: ___, ...key }: LicenceKeyRow): LicenceKey => key;
const keyOrNull = (row: LicenceKeyRow | null | undefined): LicenceKey | null => (row ? keyOf(row) : null);

/** `LicenceKeyStore` on PostgreSQL. */
export function makeLicenceKeyStore(source: DataSource): LicenceKeyStore {
  const keys = source.getRepository(licenceKeyEntity);
  return {
    async reserve({ id, key, account, partition, pricePerToken }) {
      const raw: unknown = await source.query(reserveSql, [id, key, account, partition, pricePerToken]);
      return keyOrNull(returned(keys, { raw })[0]);
    },
    async opened(id) {
      await keys.update({ id, openedAt: IsNull() }, { openedAt: () => 'now()' });
    },
    async setOwner(id, userId) {
      await keys.update({ id }, { userId });
    },
    async remove(id) {
      await keys.update({ id }, { userId: null, deletedAt: () => 'now()' });
    },
    byId: async (id) => keyOrNull(await keys.findOneBy({ id, ...live })),
    byKey: async (key) => keyOrNull(await keys.findOneBy({ key, ...live })),
    byUser: async (userId) =>
      (await keys.find({ where: { userId, ...live }, order: { createdAt: 'ASC', id: 'ASC' } })).map(keyOf),
    async page({ offset, limit }) {
      const order = { createdAt: 'DESC', id: 'DESC' } as const;
      const [items, total] = await keys.findAndCount({ where: live, order, skip: offset, take: limit });
      return { items: items.map(keyOf), total };
    },
  };
}
