import type { DataSource } from 'typeorm';

import { customerEntity } from '../customers/postgres/customer.entity.ts';
import { webhookEndpointEntity } from '../webhooks-out/postgres/webhook-endpoint.entity.ts';

/** The tables that TypeORM reads and writes (ADR 25). */
export const entities = [customerEntity, webhookEndpointEntity];

/** TypeORM on the pool of the service, opened by the first use: a database that is away delays no start. */
export type Entities = () => Promise<DataSource>;
