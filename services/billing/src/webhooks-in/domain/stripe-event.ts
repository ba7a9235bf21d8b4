/** What a webhook says, reduced to what charges, fees and payers need: no names, no cards. */
export type StripeFacts =
  | {
      readonly about: 'payment';
      readonly chargeId: string;
      readonly paymentIntent: string;
      readonly currency: string;
      /** Of what was received, once it is paid; minor units of ISO 4217. */
      readonly amountMinor: string;
      readonly state: 'succeeded' | 'declined' | 'action_required';
      readonly code: string;
      /** Which of the charge's PaymentIntents (ADR 19); absent: the first. */
      readonly series?: number;
      /** When the money was taken, where that is not the event's own time. */
      readonly paidMs?: number;
    }
  /** A payment of a top-up: its state is read again. */
  | { readonly about: 'top_up'; readonly topUpId: string; readonly paymentIntent: string }
  /** A refund, by us or at Stripe: the payment's refunds are read again. */
  | { readonly about: 'refund'; readonly paymentIntent: string }
  | {
      readonly about: 'invoice';
      readonly invoice: string;
      readonly subscription: string;
      readonly customer: string;
      readonly status: FeeStatus;
      readonly amountMinor: string;
      readonly currency: string;
      readonly periodStartMs: number;
      /** When it was paid, where Stripe says it. */
      readonly paidMs?: number;
      /** What credits paid of it, beside `amountMinor`. */
      readonly creditMinor?: string;
    }
  | { readonly about: 'subscription'; readonly state: SubscriptionState }
  | { readonly about: 'payment_method'; readonly paymentMethod: string; readonly customer: string }
  /** Stored, and of no consequence. */
  | { readonly about: 'nothing' };

/**
 * Where the invoice of a monthly fee stands. `open`: due, nobody tried to take it yet · `failed`: tried and not paid,
 * still due · `paid`, `voided` and `uncollectible` (given up; paying it later makes it paid) · only `paid` and `voided`
 * are final.
 */
export type FeeStatus = 'open' | 'failed' | 'paid' | 'voided' | 'uncollectible';

export type StripeEvent = {
  readonly id: string;
  readonly type: string;
  readonly createdMs: number;
  readonly facts: StripeFacts;
};

/** A subscription as Stripe tells it; `ours`: the id of our row, from its metadata. Times in milliseconds. */
export type SubscriptionState = {
  readonly subscription: string;
  readonly ours: string;
  readonly customer: string;
  readonly status: string;
  readonly currentPeriodStartMs: number;
  readonly currentPeriodEndMs: number;
};
