import { createPool, migrate, openEntities, rolePassword, roleUrl } from '@tollgate/persistence';
import { freshDatabase } from '@tollgate/testing';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

import { gatewaySchema } from '../index.ts';
import { entities } from '../postgres/entities.ts';

const password = (role: string): string => rolePassword('service-secret-of-specs', role);

/** A migrated database as the gateway's role sees it, for the contracts of stores. */
export type GatewayDatabase = {
  readonly pool: Pool;
  readonly entities: DataSource;
  /** As the administrator, for what the gateway's role may not do. */
  readonly admin: Pool;
  close(): Promise<void>;
};

export async function openGatewayDatabase(): Promise<GatewayDatabase> {
  const database = await freshDatabase();
  await migrate({ adminUrl: database.url, schemas: [gatewaySchema], rolePassword: password });
  const { role } = gatewaySchema;
  const pool = createPool({
    url: roleUrl(database.url, role, password(role)),
    max: 4,
    applicationName: 'gateway-spec',
  });
  const admin = createPool({ url: database.url, max: 1, applicationName: 'gateway-spec-admin' });
  return {
    pool,
    admin,
    entities: await openEntities(pool, entities),
    close: async () => {
      await pool.end();
      await admin.end();
      await database.drop();
    },
  };
}
