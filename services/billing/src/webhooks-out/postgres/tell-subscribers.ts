import type { WebhookEventType } from '@tollgate/contracts';
import { wallClock } from '@tollgate/kernel';
import type { PoolClient } from 'pg';

import type { WebhookMessage } from '../domain/webhook-message.ts';
import { endpointsToTell, keepMessages } from './webhooks.sql.ts';

type ToTell = {
  readonly id: string;
  readonly events: readonly WebhookEventType[];
  readonly account_prefix: string | null;
  readonly balance_below: bigint | null;
  readonly thresholds: readonly number[];
};

/**
 * Keeps each message that somebody wants, and for whom, in the transaction that it is about. Subscribers live by the
 * real clock.
 */
export async function tellSubscribers(
  tx: PoolClient,
  messages: readonly WebhookMessage[],
  nowMs = wallClock.nowMs(),
): Promise<void> {
  if (messages.length === 0) return;
  const { rows: endpoints } = await tx.query<ToTell>(endpointsToTell);
  const wanted = messages.flatMap((message) =>
    endpoints.filter((endpoint) => wants(endpoint, message)).map(({ id }) => ({ endpoint: id, message })),
  );
  if (wanted.length === 0) return;
  // Of one that is made again, such as a threshold of a period, the first is kept.
  const distinct = [...new Map(wanted.toReversed().map(({ message }) => [message.id, message])).values()];
  await tx.query(keepMessages, [
    distinct.map(({ id }) => id),
    distinct.map(({ type }) => type),
    distinct.map(({ body }) => body),
    new Date(nowMs),
    wanted.map(({ endpoint }) => endpoint),
    wanted.map(({ message }) => message.id),
  ]);
}

function wants(endpoint: ToTell, { type, account, passed, share }: WebhookMessage): boolean {
  if (!endpoint.events.includes(type) || !account.startsWith(endpoint.account_prefix ?? '')) return false;
  if (share !== undefined) return endpoint.thresholds.includes(share);
  return passed === undefined || (endpoint.balance_below !== null && passed(endpoint.balance_below));
}
