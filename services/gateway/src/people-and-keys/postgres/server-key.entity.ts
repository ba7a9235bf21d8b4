import { isoInstant } from '@tollgate/persistence';
import { EntitySchema } from 'typeorm';

import type { StoredKey } from '../app/server-keys.ts';

export const serverKeyEntity = new EntitySchema<StoredKey>({
  name: 'ServerKey',
  schema: 'gateway',
  tableName: 'api_keys',
  columns: {
    id: { type: 'uuid', primary: true },
    name: { type: 'text', nullable: true },
    hash: { name: 'key_hash', type: 'text' },
    scopes: { type: 'text', array: true },
    rateLimitPerS: { name: 'rate_limit_per_s', type: 'integer', nullable: true },
    account: { type: 'text', nullable: true },
    expiresAt: { name: 'expires_at', type: 'timestamptz', nullable: true, transformer: isoInstant },
    lastUsedAt: { name: 'last_used_at', type: 'timestamptz', nullable: true, transformer: isoInstant },
    createdAt: { name: 'created_at', type: 'timestamptz', transformer: isoInstant },
    revokedAt: { name: 'revoked_at', type: 'timestamptz', nullable: true, transformer: isoInstant },
  },
});
