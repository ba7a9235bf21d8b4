import { randomInt } from 'node:crypto';

import type { WebhookQueries } from '@tollgate/contracts';
import { wallClock } from '@tollgate/kernel';
import type { Logger } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import { startDelivery } from './webhooks-out/app/webhook-delivery.ts';
import { makeWebhookQueries } from './webhooks-out/app/webhook-endpoints.ts';
import { startFeeds } from './webhooks-out/app/webhook-feeds.ts';
import type { Books } from './webhooks-out/app/webhook-ports.ts';
import { webhookStore } from './webhooks-out/postgres/webhook-store.ts';
import { deliverOver } from './webhooks-out/sending/deliver.ts';
import { isOpenAddress } from './webhooks-out/sending/open-address.ts';
import { secretBox } from './webhooks-out/sending/secret-box.ts';
import { webhookSecret } from './webhooks-out/sending/webhook-signature.ts';

export type OutgoingOptions = {
  /** ALLOW_PRIVATE_WEBHOOKS: subscribers may be on private networks and on this machine; default false. */
  readonly allowPrivate?: boolean;
  /** WEBHOOK_ENCRYPTION_KEY: what seals the secrets of subscribers. */
  readonly encryptionKey: string;
  /** Pauses between attempts; default: those of Standard Webhooks, ten attempts over three days. */
  readonly retriesMs?: readonly number[];
  readonly timeoutMs?: number;
};
export type RunningOutgoing = { readonly queries: WebhookQueries; stop(): Promise<void> };

/** Joins events out: endpoints, the feeds that fill the outbox, and its deliveries. */
export function startOutgoing(
  options: OutgoingOptions & { readonly pool: Pool; readonly ledger: Books; readonly logger: Logger },
): RunningOutgoing {
  const { pool, ledger, logger, retriesMs, timeoutMs } = options;
  const { allowPrivate = false } = options;
  const store = webhookStore(pool, secretBox(options.encryptionKey));
  const nowMs = (): number => wallClock.nowMs();
  const delivery = startDelivery({
    // Spread only: no secret hangs on it.
    store,
    nowMs,
    jitter: () => randomInt(1_000) / 1_000,
    deliver: deliverOver({
      nowMs,
      allowPrivate,
      onBug: (error) => logger.error({ err: error }, 'a webhook was not delivered by a mistake of ours'),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }),
    ...(retriesMs === undefined ? {} : { retriesMs }),
    onFailure: (error) => logger.warn({ err: error }, 'webhooks could not be delivered; it is tried again'),
  });
  const feeds = startFeeds({
    store,
    ledger,
    nowMs,
    onKept: () => delivery.wake(),
    onFailure: (error) => logger.warn({ err: error }, 'events for webhooks could not be read; it is tried again'),
  });
  return {
    queries: makeWebhookQueries({
      store,
      ledger,
      nowMs,
      address: { allowPrivate, isOpen: (address) => isOpenAddress(address, { allowPrivate }) },
      secretOf: webhookSecret,
      onDue: () => delivery.wake(),
    }),
    stop: async () => {
      await Promise.all([feeds.stop(), delivery.stop()]);
    },
  };
}
