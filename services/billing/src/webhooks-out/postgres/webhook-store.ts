import type { Pool } from 'pg';

import type { WebhookStore } from '../app/webhook-ports.ts';
import type { SecretBox } from '../sending/secret-box.ts';
import { deliveryStore } from './delivery-store.ts';
import { endpointStore } from './endpoint-store.ts';
import { feedStore } from './feed-store.ts';

/** `WebhookStore` on PostgreSQL; secrets are kept sealed by `box`. Loss of the database is AppError('unavailable'). */
export const webhookStore = (pool: Pool, box: SecretBox): WebhookStore => ({
  ...endpointStore(pool, box),
  ...deliveryStore(pool, box),
  ...feedStore(pool),
});
