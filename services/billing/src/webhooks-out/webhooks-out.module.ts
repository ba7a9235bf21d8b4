import { Module } from '@nestjs/common';
import type { WebhookQueries } from '@tollgate/contracts';
import { wallClock } from '@tollgate/kernel';
import { provided, token } from '@tollgate/service-kit';

import { CORE } from '../core/core.ts';
import { inBackground } from '../core/in-background.ts';
import { startDelivery } from './app/webhook-delivery.ts';
import { makeWebhookQueries } from './app/webhook-endpoints.ts';
import { startFeeds } from './app/webhook-feeds.ts';
import type { WebhookStore } from './app/webhook-ports.ts';
import { webhookStore } from './postgres/webhook-store.ts';
import { deliverOver } from './sending/deliver.ts';
import { isOpenAddress } from './sending/open-address.ts';
import { secretBox } from './sending/secret-box.ts';
import { webhookSecret } from './sending/webhook-signature.ts';

export const WEBHOOKS_OUT = {
  store: token<WebhookStore>('webhooks-out.store'),
  queries: token<WebhookQueries>('webhooks-out.queries'),
} as const;

/** Subscribers live by the real clock, also when the platform runs on a test clock. */
const nowMs = (): number => wallClock.nowMs();

const queries = provided(
  WEBHOOKS_OUT.queries,
  [WEBHOOKS_OUT.store, CORE.ledger, CORE.options, CORE.work],
  (store, ledger, { webhooks: { allowPrivate = false } }, work) =>
    makeWebhookQueries({
      store,
      ledger,
      nowMs,
      address: { allowPrivate, isOpen: (address) => isOpenAddress(address, { allowPrivate }) },
      secretOf: webhookSecret,
      onDue: () => work.wake('webhook-deliveries'),
    }),
);

const deliveries = inBackground(
  'webhook-deliveries',
  [WEBHOOKS_OUT.store, CORE.options, CORE.jitter, CORE.logger],
  (store, { webhooks: { allowPrivate = false, retriesMs, timeoutMs } }, jitter, logger) =>
    () =>
      startDelivery({
        store,
        nowMs,
        jitter,
        deliver: deliverOver({
          nowMs,
          allowPrivate,
          onBug: (error) => logger.error({ err: error }, 'a webhook was not delivered by a mistake of ours'),
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        }),
        ...(retriesMs === undefined ? {} : { retriesMs }),
        onFailure: (error) => logger.warn({ err: error }, 'webhooks could not be delivered; it is tried again'),
      }),
);

const feeds = inBackground(
  'webhook-feeds',
  [WEBHOOKS_OUT.store, CORE.ledger, CORE.work, CORE.logger],
  (store, ledger, work, logger) => () =>
    startFeeds({
      store,
      ledger,
      nowMs,
      onKept: () => work.wake('webhook-deliveries'),
      onFailure: (error) => logger.warn({ err: error }, 'events for webhooks could not be read; it is tried again'),
    }),
);

/** Events for subscribers: endpoints, the feeds that fill the outbox, and its deliveries. */
@Module({
  providers: [
    provided(WEBHOOKS_OUT.store, [CORE.pool, CORE.entities, CORE.options], (pool, entities, { webhooks }) =>
      webhookStore(pool, entities, secretBox(webhooks.encryptionKey)),
    ),
    queries,
    ...deliveries,
    ...feeds,
  ],
  exports: [WEBHOOKS_OUT.queries],
})
export class WebhooksOutModule {}
