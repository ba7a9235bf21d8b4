import type { DeliveryView, EndpointFields, EndpointView, LedgerQueries } from '@tollgate/contracts';

import type { WebhookMessage } from '../domain/webhook-message.ts';
import type { PublishedChargeEvent } from '../domain/webhook-message.ts';

/** partition → the last sequence number that was read. */
export type Positions = Readonly<Record<string, string>>;
export type Feed = 'charges' | 'entries';

/** Subscribers; one transaction a call. */
export type EndpointStore = {
  /** With the first endpoint of a feed, what happens from `heads` on is read. */
  create(endpoint: EndpointView & { readonly secret: string }, heads: Positions): Promise<void>;
  list(): Promise<readonly EndpointView[]>;
  read(id: string): Promise<EndpointView | null>;
  change(id: string, fields: Partial<EndpointFields>): Promise<EndpointView | null>;
  /** Sets a new secret; until then the current one signs as well. */
  rotate(id: string, secret: string, overlapUntilMs: number): Promise<EndpointView | null>;
  /** Keeps a message for this endpoint alone; its subscriptions do not matter. null: there is no such endpoint. */
  tell(
    id: string,
    message: { readonly id: string; readonly type: string; readonly body: string },
    nowMs: number,
  ): Promise<boolean>;
  /** Marks it as removed, erases its secret and ends its pending deliveries. */
  remove(id: string, nowMs: number): Promise<EndpointView | null>;
  disable(id: string, reason: string): Promise<void>;
};

/** What is due to subscribers. */
export type DeliveryStore = {
  deliveries(query: {
    readonly endpoint: string;
    readonly status?: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<readonly DeliveryView[]>;
  replay(
    query: { readonly endpoint: string; readonly delivery?: string; readonly since?: string; readonly status?: string },
    nowMs: number,
  ): Promise<number>;
  /**
   * Leases due deliveries: at most `perEndpoint` each, and none of busy endpoints. After the lease another instance may
   * take them.
   */
  claim(due: {
    readonly nowMs: number;
    readonly leaseMs: number;
    readonly perEndpoint: number;
    readonly limit: number;
    readonly busy: readonly string[];
  }): Promise<readonly DueDelivery[]>;
  /** Keeps the outcome of an attempt; `nextTryMs` null ends the delivery. */
  settle(
    delivery: DueDelivery,
    outcome: AttemptOutcome,
    next: { readonly status: DeliveryView['status']; readonly nextTryMs: number | null },
  ): Promise<void>;
};

/** How far each source of events was read, and the messages that result from it. */
export type FeedStore = {
  /**
   * Reads on in a feed and keeps what endpoints want of it, once, in one commit with the place; one instance at a time.
   * Answers how many messages were read, null when nobody subscribes or another instance is at it.
   */
  feed(
    feed: Feed,
    readOn: (
      from: Positions,
      charges: ChargeEvents,
    ) => Promise<{ readonly messages: readonly WebhookMessage[]; readonly to: Positions }>,
    nowMs: number,
  ): Promise<number | null>;
  /** Removes messages older than that, and what was delivered of them. */
  prune(beforeMs: number): Promise<void>;
};
export type WebhookStore = EndpointStore & DeliveryStore & FeedStore;

/** Charge events after a place, in the order of their publication, and the place of the newest. */
export type ChargeEvents = (from: Positions, limit: number) => Promise<readonly PublishedChargeEvent[]>;
export type DueDelivery = {
  readonly id: string;
  readonly endpoint: string;
  readonly url: string;
  readonly message: string;
  /** All that sign now, the newest first; empty: none can be read. */
  readonly secrets: readonly string[];
  readonly body: string;
  /** This one included. */
  readonly attempts: number;
};
export type AttemptOutcome = {
  readonly startedMs: number;
  readonly durationMs: number;
  readonly statusCode: number | null;
  readonly error: string | null;
};

/** Sends one signed request; an answer of any kind and none at all are outcomes, never exceptions. */
export type Deliver = (delivery: DueDelivery) => Promise<AttemptOutcome>;
export type Books = Pick<LedgerQueries, 'bookedAfter'>;
