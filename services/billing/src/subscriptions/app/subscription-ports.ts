import type { SubscriptionView } from '@tollgate/contracts';

import type { StripeFacts, SubscriptionState } from '../../webhooks-in/domain/stripe-event.ts';

/** A subscription of ours, before and after Stripe has made it. */
export type SubscriptionRow = {
  readonly id: string;
  readonly subscriptionId: string | null;
  readonly request: Readonly<Record<string, unknown>>;
  readonly createdMs: number;
  readonly view: SubscriptionView | null;
};

/** A running subscription and the price that it has at Stripe for its next period. */
export type PricedSubscription = {
  readonly id: string;
  readonly subscriptionId: string;
  readonly customerId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly plan: string | null;
  readonly version: number | null;
  /** When the period under way ends, and the next begins. */
  readonly periodEndMs: number;
};

export type SubscriptionStore = {
  /** Running ones after an id (null: the first), in the order of their ids. */
  running(after: string | null, limit: number): Promise<readonly PricedSubscription[]>;
  /** Running ones whose period ends before a moment. */
  endingBefore(ms: number, limit: number): Promise<readonly PricedSubscription[]>;
  /** Notes the price from the next period on, and the plan version that says it. */
  priced(
    id: string,
    price: { readonly plan: string; readonly version: number | null; readonly amountMinor: bigint },
    nowMs: number,
  ): Promise<void>;
  /** The one that runs for this customer, else a new one made of `draft`. Also in a race there is only one. */
  begin(
    draft: {
      readonly id: string;
      readonly customerId: string;
      readonly amountMinor: bigint;
      readonly currency: string;
      readonly anchorMs: number;
      readonly plan: string;
      readonly version: number | null;
      readonly request: Readonly<Record<string, unknown>>;
    },
    nowMs: number,
  ): Promise<SubscriptionRow>;
  /** Applies what Stripe told at `toldMs`; older than what is known, it changes nothing. Answers the row's view. */
  told(
    state: SubscriptionState,
    at: { readonly toldMs: number; readonly nowMs: number },
  ): Promise<SubscriptionView | null>;
  /** Stripe refused to make it. */
  abandon(id: string, nowMs: number): Promise<void>;
  /** An invoice of a monthly fee; paid is final. */
  invoiceTold(invoice: Extract<StripeFacts, { readonly about: 'invoice' }>, toldMs: number): Promise<void>;
  /** Whether a fee was asked of a customer for a period that began in [fromMs, toMs), and not voided. */
  feeAsked(of: { readonly customerId: string; readonly fromMs: number; readonly toMs: number }): Promise<boolean>;
  /** First answer under a key; null: the key is new. */
  answer(of: { readonly customerId: string; readonly key: string }): Promise<SubscriptionView | null>;
  /** Keeps an answer as the first under a key, and answers which one is. */
  keepAnswer(of: {
    readonly customerId: string;
    readonly key: string;
    readonly answer: SubscriptionView;
  }): Promise<SubscriptionView>;
};

/** Stripe's prices and subscriptions. Every call: @throws AppError('unavailable', STRIPE_UNAVAILABLE) */
export type StripeSubscriptions = {
  /** Product and Price of a monthly fee, looked up or created once. */
  price(of: {
    readonly amountMinor: bigint;
    readonly currency: string;
  }): Promise<{ readonly product: string; readonly price: string }>;
  /** The price of a subscription from its next period on, without proration; one that has it is left as it is. */
  setPrice(of: { readonly subscription: string; readonly price: string; readonly key: string }): Promise<void>;
  /** @throws AppError('invalid', STRIPE_REFUSED): nothing was made. */
  createSubscription(of: {
    readonly request: Readonly<Record<string, unknown>>;
    readonly key: string;
  }): Promise<SubscriptionState>;
  /** The subscription made for our row, by listing; null: there is none. */
  findSubscription(of: { readonly customer: string; readonly ours: string }): Promise<SubscriptionState | null>;
  /** null: there is none, or it is not ours. */
  subscription(id: string): Promise<SubscriptionState | null>;
};
