/**
 * What subscribers can be told of. `charge.*` names the outcome; `tier.crossed`, `balance.low` and `account.threshold`
 * are thresholds.
 */
export const webhookEventTypes = [
  'charge.opened',
  'charge.succeeded',
  'charge.failed',
  'charge.requires_action',
  'charge.cancelled',
  'charge.revived',
  'charge.credited',
  'charge.credit_reversed',
  'charge.reopened',
  'refund.proposed',
  'refund.approved',
  'refund.declined',
  'refund.withdrawn',
  'refund.succeeded',
  'refund.failed',
  'topup.succeeded',
  'topup.failed',
  'topup.unresolved',
  'topup.limited',
  'topup.paused',
  'tier.crossed',
  'balance.low',
  'account.threshold',
  'entry.booked',
] as const;
/** Asked for by an operator, of one endpoint; its subscriptions do not matter. */
export const webhookTestType = 'webhook.test';
export type WebhookEventType = (typeof webhookEventTypes)[number];

export type EndpointFields = {
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  /** Only accounts whose id begins so; null: all. */
  readonly account_prefix: string | null;
  /** A balance that falls below it is `balance.low`: a decimal string; null: none. */
  readonly balance_below: string | null;
  /** Percent of a limit, allowance or balance, 1 to 100: `account.threshold` is told when so much is used or held. */
  readonly thresholds: readonly number[];
  readonly description: string | null;
  readonly enabled: boolean;
};
export type EndpointView = EndpointFields & {
  readonly id: string;
  /** Why it was disabled by the platform; null: it was not. */
  readonly disabled_reason: string | null;
  readonly created_at: string;
};
export type DeliveryView = {
  readonly id: string;
  /** The `webhook-id` header: the same on every attempt and replay. */
  readonly message_id: string;
  readonly type: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  /** null: nothing is tried by itself. */
  readonly next_try_at: string | null;
  readonly created_at: string;
  /** The last ten, newest first. */
  readonly log: readonly {
    readonly at: string;
    readonly status_code: number | null;
    readonly error: string | null;
    readonly duration_ms: number;
  }[];
  readonly payload: unknown;
};

/** Endpoints of subscribers and what was delivered to them. null: there is no such endpoint, or delivery. */
export type WebhookQueries = {
  /**
   * The secret is answered here and never again. @throws AppError('invalid', REQUEST_INVALID) for an address that is
   * not allowed.
   */
  createEndpoint(
    query: Partial<EndpointFields> & Pick<EndpointFields, 'url'>,
  ): Promise<EndpointView & { readonly secret: string }>;
  listEndpoints(query: Record<string, never>): Promise<readonly EndpointView[]>;
  readEndpoint(query: { readonly id: string }): Promise<EndpointView | null>;
  changeEndpoint(query: {
    readonly id: string;
    readonly fields: Partial<EndpointFields>;
  }): Promise<EndpointView | null>;
  /**
   * A new secret, answered here and never again; for so long both sign, then the new one alone. @throws
   * AppError('invalid', REQUEST_INVALID)
   */
  rotateSecret(query: {
    readonly id: string;
    readonly overlap_s?: number;
  }): Promise<(EndpointView & { readonly secret: string; readonly secret_before_until: string }) | null>;
  /** Sends an event that means nothing, signed and logged as every other. */
  testEndpoint(query: { readonly id: string }): Promise<{ readonly message_id: string } | null>;
  /** What was not delivered yet never is. */
  removeEndpoint(query: { readonly id: string }): Promise<EndpointView | null>;
  /** Newest first; `after` is the id of the last one of the previous page. */
  listDeliveries(query: {
    readonly endpoint: string;
    readonly status?: DeliveryView['status'];
    readonly after?: string;
    readonly limit: number;
  }): Promise<readonly DeliveryView[] | null>;
  /**
   * Delivers again, under the same message id: one delivery, or every one since a time with a status. Answers how many.
   */
  replayDeliveries(query: {
    readonly endpoint: string;
    readonly delivery?: string;
    readonly since?: string;
    readonly status?: DeliveryView['status'];
  }): Promise<{ readonly replayed: number } | null>;
};
