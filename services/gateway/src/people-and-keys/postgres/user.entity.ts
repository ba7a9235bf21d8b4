import { isoInstant } from '@tollgate/persistence';
import { EntitySchema } from 'typeorm';

import type { User } from '../app/users.ts';

/** `credentialsChangedAt`: by this other gateways find users whose credentials ended. */
export type UserRow = User & { readonly credentialsChangedAt: Date };

export const userEntity = new EntitySchema<UserRow>({
  name: 'User',
  schema: 'gateway',
  tableName: 'users',
  columns: {
    id: { type: 'text', primary: true },
    email: { type: 'text', nullable: true },
    name: { type: 'text', nullable: true },
    role: { type: 'text' },
    passwordHash: { name: 'password_hash', type: 'text', nullable: true },
    keySalt: { name: 'key_salt', type: 'text', nullable: true },
    keyCreatedAt: { name: 'key_created_at', type: 'timestamptz', transformer: isoInstant },
    tokenVersion: { name: 'token_version', type: 'integer' },
    configuredHash: { name: 'configured_password_hash', type: 'text', nullable: true },
    credentialsChangedAt: { name: 'credentials_changed_at', type: 'timestamptz' },
    createdAt: { name: 'created_at', type: 'timestamptz', transformer: isoInstant },
  },
});
