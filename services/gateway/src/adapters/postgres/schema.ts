import type { ServiceSchema } from '@tollgate/persistence';
import { createUsers } from './migrations/create-users.sql.ts';

/** The gateway's own tables. */
export const gatewaySchema: ServiceSchema = { schema: 'gateway', role: 'tollgate_gateway', migrations: [createUsers] };
