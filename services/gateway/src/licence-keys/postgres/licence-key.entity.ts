import { isoInstant } from '@tollgate/persistence';
import { EntitySchema } from 'typeorm';

import type { LicenceKey } from '../app/licence-keys.ts';

export type LicenceKeyRow = LicenceKey & {
  readonly partition: number;
  /** null: the ledger has not confirmed the account yet. */
  readonly openedAt: Date | null;
  readonly deletedAt: Date | null;
};

export const licenceKeyEntity = new EntitySchema<LicenceKeyRow>({
  name: 'LicenceKey',
  schema: 'gateway',
  tableName: 'license_keys',
  columns: {
    id: { type: 'uuid', primary: true },
    key: { name: 'license_key', type: 'text' },
    account: { type: 'text' },
    partition: { type: 'smallint' },
    userId: { name: 'user_id', type: 'text', nullable: true },
    pricePerToken: { name: 'price_per_token', type: 'bigint', nullable: true },
    createdAt: { name: 'created_at', type: 'timestamptz', transformer: isoInstant },
    openedAt: { name: 'opened_at', type: 'timestamptz', nullable: true },
    deletedAt: { name: 'deleted_at', type: 'timestamptz', nullable: true },
  },
});
