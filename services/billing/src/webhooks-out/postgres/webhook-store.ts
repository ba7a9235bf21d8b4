import type { Pool } from 'pg';

import type { Entities } from '../../postgres/entities.ts';
import type { WebhookStore } from '../app/webhook-ports.ts';
import type { SecretBox } from '../sending/secret-box.ts';
import { deliveryStore } from './delivery-store.ts';
import { endpointStore } from './endpoint-store.ts';
import { feedStore } from './feed-store.ts';

/** `WebhookStore` on PostgreSQL; secrets are kept sealed by `box`. Loss of the database is AppError('unavailable'). */
export const webhookStore = (pool: Pool, entities: Entities, box: SecretBox): WebhookStore => ({
  ...endpointStore(pool, entities, box),
  ...deliveryStore(pool, box),
  ...feedStore(pool),
});
