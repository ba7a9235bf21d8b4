import { randomUUID } from 'node:crypto';

import type { CallOptions, Http } from './http.ts';
import type { Outbox } from './outbox.ts';

export type TierCharge = {
  readonly id: string;
  readonly billing_tier: string;
  readonly amount_charged: number;
  readonly status: string;
};
export type TokenUsageResult = {
  readonly consumptionId: string;
  readonly totalTokens: number;
  readonly tierCharges: readonly TierCharge[];
};
/**
 * What a month came to in one currency, in its minor units. `owed`: not paid yet, less credits not had back; negative:
 * owed to the user.
 */
export type TokenFigures = {
  readonly currency: string;
  readonly fixed_fee_charged: number;
  readonly tier_charges_count: number;
  readonly tier_charges_total: number;
  readonly total_charged: number;
  readonly credited: number;
  readonly refunded: number;
  readonly paid: number;
  readonly owed: number;
};
/** The single figures are in the currency of the plan; `totals` has each currency that money moved in. */
export type TokenSummary = TokenFigures & {
  readonly total_tokens: number;
  readonly current_tier: string;
  readonly totals: readonly TokenFigures[];
};
export type TokenUsage = {
  readonly userId: string;
  readonly tokensUsed: number;
  readonly operationType?: string | undefined;
  readonly clientId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
};

const usagePath = '/api/token-billing/process-usage';
/** The platform waits up to 2 s for Stripe after the booking (surfaces §5). */
const trackWaitMs = 3_000;

/** Usage in tiers (surfaces §5). */
export class TierBilling {
  readonly #http: Http;
  readonly #outbox: Outbox;
  constructor(http: Http, outbox: Outbox) {
    this.#http = http;
    this.#outbox = outbox;
  }

  async processUsage(usage: TokenUsage, options: CallOptions = {}): Promise<TokenUsageResult> {
    return (
      await this.#http.send<{ readonly data: TokenUsageResult }>({
        ...options,
        method: 'POST',
        path: usagePath,
        body: usage,
      })
    ).body.data;
  }

  /** `periodStart`: a date or date-time of the period; default: the current one. */
  async summary(userId: string, options: CallOptions & { readonly periodStart?: string } = {}): Promise<TokenSummary> {
    const { periodStart, ...rest } = options;
    const path = `/api/token-billing/user-summary/${encodeURIComponent(userId)}`;
    return (
      await this.#http.send<{ readonly data: TokenSummary }>({ ...rest, method: 'GET', path, query: { periodStart } })
    ).body.data;
  }

  /**
   * Keeps the usage on disk and sends it. The result, or null when the platform did not answer in time: then it is sent
   * again until it is booked.
   */
  async track(usage: TokenUsage): Promise<TokenUsageResult | null> {
    const kept = { id: randomUUID(), path: usagePath, body: usage };
    const answer = await this.#outbox.deliver<{ readonly data: TokenUsageResult }>(kept, trackWaitMs);
    return answer?.data ?? null;
  }
}
