import type { EndpointView } from '@tollgate/contracts';
import { returned } from '@tollgate/persistence';
import type { Pool } from 'pg';
import { IsNull, type QueryDeepPartialEntity, type Repository } from 'typeorm';

import type { Entities } from '../../postgres/entities.ts';
import { orOutage } from '../../postgres/or-outage.ts';
import type { EndpointStore, Positions } from '../app/webhook-ports.ts';
import type { SecretBox } from '../sending/secret-box.ts';
import { type WebhookEndpoint, webhookEndpointEntity } from './webhook-endpoint.entity.ts';
import { chargeHeads, endPending, forgetFeeds, insertFeed, tellOne } from './webhooks.sql.ts';

type Endpoints = Repository<WebhookEndpoint>;
const removed_at = IsNull();

/** `EndpointStore` on PostgreSQL; secrets are kept sealed by `box`. */
export function endpointStore(pool: Pool, entities: Entities, box: SecretBox): EndpointStore {
  const withEndpoints = <T>(work: (endpoints: Endpoints) => Promise<T>): Promise<T> =>
    orOutage(async () => work((await entities()).getRepository(webhookEndpointEntity)));
  return {
    create: ({ secret, ...endpoint }, heads) =>
      withEndpoints(({ manager }) =>
        manager.transaction(async (tx) => {
          const [charges] = await tx.query<{ heads: Positions }[]>(chargeHeads);
          await tx.query(insertFeed, ['charges', JSON.stringify(charges?.heads ?? {})]);
          await tx.query(insertFeed, ['entries', JSON.stringify(heads)]);
          await tx.insert(webhookEndpointEntity, { ...endpoint, secret: box.seal(secret, endpoint.id) });
        }),
      ),
    list: () =>
      withEndpoints((endpoints) => endpoints.find({ where: { removed_at }, order: { created_at: 'ASC', id: 'ASC' } })),
    read: (id) => withEndpoints((endpoints) => endpoints.findOneBy({ id, removed_at })),
    // Enabling clears why it was disabled.
    change: (id, fields) =>
      withEndpoints((endpoints) =>
        update(endpoints, id, { ...fields, ...(fields.enabled ? { disabled_reason: null } : {}) }),
      ),
    remove: (id, nowMs) =>
      withEndpoints(({ manager }) =>
        manager.transaction(async (tx) => {
          const removed = await update(tx.getRepository(webhookEndpointEntity), id, {
            removed_at: new Date(nowMs),
            secret: '',
            secret_before: null,
            secret_before_until: null,
            enabled: false,
          });
          if (removed === null) return null;
          await tx.query(endPending, [id]);
          await tx.query(forgetFeeds);
          return removed;
        }),
      ),
    rotate: (id, secret, untilMs) =>
      withEndpoints((endpoints) =>
        update(endpoints, id, {
          secret_before: () => 'secret',
          secret_before_until: new Date(untilMs),
          secret: box.seal(secret, id),
        }),
      ),
    tell: (endpoint, { id, type, body }, nowMs) =>
      orOutage(
        async () => ((await pool.query(tellOne, [endpoint, id, type, body, new Date(nowMs)])).rowCount ?? 0) > 0,
      ),
    disable: (id, reason) =>
      withEndpoints(async (endpoints) => {
        await endpoints.update({ id, enabled: true }, { enabled: false, disabled_reason: reason });
      }),
  };
}

/** The endpoint after the change; null: there is none, or it was removed. */
async function update(
  endpoints: Endpoints,
  id: string,
  change: QueryDeepPartialEntity<WebhookEndpoint>,
): Promise<EndpointView | null> {
  if (Object.values(change).every((value) => value === undefined)) return endpoints.findOneBy({ id, removed_at });
  const [changed] = returned(
    endpoints,
    await endpoints.createQueryBuilder().update().set(change).where({ id, removed_at }).returning('*').execute(),
  );
  return changed === undefined ? null : shownOf(changed);
}

const shownOf = ({
  secret: _,
  secret_before: _before,
  secret_before_until: _until,
  removed_at: _removed,
  ...shown
}: WebhookEndpoint): EndpointView => shown;
