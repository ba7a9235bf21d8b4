import type { ServiceSchema } from '@tollgate/persistence';
import { createOperations } from './migrations/create-operations.sql.ts';
import { createTokenUsage } from './migrations/create-token-usage.sql.ts';
import { createUsers } from './migrations/create-users.sql.ts';

/** The gateway's own tables. */
export const gatewaySchema: ServiceSchema = { schema: 'gateway', role: 'tollgate_gateway', migrations: [createUsers, createOperations] };

/**
 * Views in `public` under the names of the documents. Migrated after every service's schema, because they read several; the
 * schema `views` keeps only the list of what ran.
 */
export const publicViews: ServiceSchema = { schema: 'views', role: 'tollgate_reader', migrations: [createTokenUsage] };
