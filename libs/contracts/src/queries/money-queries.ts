/**
 * A charge as it shows outside: `processing`, ours or Stripe's, is `pending` (surfaces §5). Amounts are decimal strings
 * in minor units.
 */
export type ShownChargeStatus = 'pending' | 'succeeded' | 'requires_action' | 'failed' | 'cancelled';
export type ChargeView = {
  readonly id: string;
  /** null: an account of no surface. */
  readonly user_id: string | null;
  readonly account: string;
  readonly period: { readonly start: string; readonly end: string };
  readonly block: string;
  readonly billing_tier: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly status: ShownChargeStatus;
  /** A short code: why it is pending, failed, cancelled or needs action. */
  readonly reason: string | null;
  readonly payment_intent: string | null;
  readonly attempts: number;
  /** null: nothing is tried by itself. */
  readonly next_try_at: string | null;
  /** When a correction turned what was paid into a credit; null: it is owed. */
  readonly credited_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
};
export type ChargeStatusView = {
  readonly id: string;
  readonly status: ShownChargeStatus;
};
/**
 * A refund of a charge: proposed by a credit note, or made by hand at Stripe. Amounts are decimal strings in minor
 * units.
 */
export type RefundStatusView =
  'proposed' | 'approved' | 'processing' | 'succeeded' | 'failed' | 'declined' | 'withdrawn';
export type RefundView = {
  readonly id: string;
  readonly charge_id: string;
  /** null: made at Stripe, for no credit of ours. */
  readonly credit_note_id: string | null;
  readonly user_id: string | null;
  readonly account: string;
  readonly period: { readonly start: string; readonly end: string };
  readonly block: string;
  readonly billing_tier: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly origin: 'credit' | 'stripe';
  readonly status: RefundStatusView;
  /** Why it failed, was declined or withdrawn. */
  readonly reason: string | null;
  readonly decided_by: string | null;
  /** Who approved it, where a second person still must. */
  readonly first_approval: string | null;
  /** `invoice`: it lowers the customer's next invoice instead of being paid back. */
  readonly method: 'refund' | 'invoice';
  readonly payment_intent: string;
  /** Stripe's id of the refund, or of the invoice item. */
  readonly stripe_refund: string | null;
  readonly succeeded_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
};
/**
 * The invoice of a monthly fee. `open`: due, nobody tried to take it yet · `failed`: tried and not paid, still due ·
 * `paid` · `voided`: as if it had never been asked for · `uncollectible`: given up; a later payment still settles it.
 */
export type FeeView = {
  readonly invoice_id: string;
  readonly subscription_id: string;
  readonly customer_id: string;
  readonly user_id: string | null;
  readonly status: 'open' | 'failed' | 'paid' | 'voided' | 'uncollectible';
  readonly amount_minor: string;
  readonly currency: string;
  readonly period_start: string;
  /** The last decision of a person about it. */
  readonly decided: {
    readonly what: string;
    readonly by: string;
    readonly reason: string | null;
    readonly at: string;
  } | null;
};

/** What a period of a user has cost so far, besides usage. Amounts are decimal strings in minor units. */
/** What fees and charges of a period came to in one currency, in minor units. */
export type PeriodTotal = {
  readonly currency: string;
  /** Of paid invoices, in money. */
  readonly fee_paid: string;
  /** Of paid invoices, what credits paid. */
  readonly fee_credited: string;
  /** Asked for and not paid: invoices `open` or `failed`. */
  readonly fee_due: string;
  /** Payments of the period's blocks, whenever they were made. */
  readonly blocks_paid: string;
  /** Credits of blocks that were corrected away after they had been paid, less those taken back. */
  readonly credited: string;
  /** The part of `credited` that is settled: paid back, taken off an invoice, or forfeited. */
  readonly credited_back: string;
  /** What went back at Stripe: for credits, and by hand. */
  readonly refunded: string;
};
export type PeriodMoneyView = {
  readonly totals: readonly PeriodTotal[];
  /** Ids of the period's charges that were cancelled: these are not owed. */
  readonly cancelled_charges: readonly string[];
  /** Ids of those of which nothing is owed any more: paid, or corrected away. */
  readonly settled_charges: readonly string[];
};
export type CustomerView = {
  readonly user_id: string;
  readonly customer_id: string;
  readonly payment_method: string | null;
};
export type SubscriptionView = {
  readonly subscription_id: string;
  readonly amount_minor: string;
  readonly currency: string;
  /** As Stripe calls it: active, incomplete, past_due, canceled, … */
  readonly status: string;
  readonly current_period_start: string;
  readonly current_period_end: string;
};

export type RefundDecided = { readonly refund: RefundView; readonly replayed: boolean };

/** Charges, customers and subscriptions, as others may ask billing for them. */
export type MoneyQueries = {
  /**
   * Where these charges stand, in the order asked; waits until each has an outcome or waits for a payer, at most
   * `wait_ms`. One that billing has not heard of yet is `pending`. `remember`: the same call later is answered as this
   * one was.
   */
  chargeStatuses(query: {
    readonly ids: readonly string[];
    readonly wait_ms?: number;
    readonly remember?: boolean;
  }): Promise<readonly ChargeStatusView[]>;
  /** Newest first. `period`: any ISO time in it. */
  listCharges(query: {
    readonly user_id?: string;
    readonly status?: ShownChargeStatus;
    readonly period?: string;
    readonly offset: number;
    readonly limit: number;
  }): Promise<{ readonly items: readonly ChargeView[]; readonly total: number }>;
  /**
   * Has a charge tried now, whatever its backoff says; null: there is no such charge.
   * @throws AppError('conflict', CHARGE_NOT_RETRYABLE) when it succeeded or was cancelled.
   */
  retryCharge(query: {
    readonly id: string;
    readonly by: string;
    readonly address?: string;
  }): Promise<ChargeView | null>;
  /** Newest period first. */
  listFees(query: {
    readonly status?: FeeView['status'];
    readonly user_id?: string;
    readonly offset: number;
    readonly limit: number;
  }): Promise<{ readonly items: readonly FeeView[]; readonly total: number }>;
  /**
   * Has a fee that is due taken now with what its customer pays with, also of a subscription that has ended; null: no
   * such invoice.
   * @throws AppError('conflict', FEE_NOT_DUE) when it is paid or voided, or nothing can pay it ·
   * AppError('unavailable', STRIPE_UNAVAILABLE)
   */
  retryFee(query: {
    readonly invoice: string;
    readonly by: string;
    readonly address?: string;
  }): Promise<FeeView | null>;
  /** Ends a fee that is due, at Stripe and here; who and why is kept. @throws as `retryFee` */
  writeOffFee(query: {
    readonly invoice: string;
    readonly how: 'void' | 'uncollectible';
    readonly by: string;
    readonly address?: string;
    readonly reason: string;
  }): Promise<FeeView | null>;
  /** Newest first. */
  listRefunds(query: {
    readonly status?: RefundStatusView;
    readonly user_id?: string;
    readonly offset: number;
    readonly limit: number;
  }): Promise<{ readonly items: readonly RefundView[]; readonly total: number }>;
  /**
   * Lets a proposed refund, or one that failed, be sent to Stripe; declines one. Above the sum of FOUR_EYES_ABOVE the
   * first approval leaves it proposed, with `first_approval`, and another `by` must approve as well. `address`: from
   * where. Nothing is refunded without it. With `key`, a repeat gets the first answer. null: there is no such refund.
   * @throws AppError('conflict', REFUND_NOT_OPEN) when it was decided before · AppError('reused') for another decision
   * under one key
   */
  approveRefund(query: {
    readonly id: string;
    readonly by: string;
    readonly address?: string;
    readonly key?: string;
  }): Promise<RefundDecided | null>;
  /** `credit`: `apply` lowers the customer's next invoice by it, once; `forfeit`: the customer does not get it. */
  declineRefund(query: {
    readonly id: string;
    readonly by: string;
    readonly address?: string;
    readonly reason: string;
    readonly credit: 'apply' | 'forfeit';
    readonly key?: string;
  }): Promise<RefundDecided | null>;
  /** `period`: the bounds of a month, as the ledger counts it. */
  periodMoney(query: {
    readonly user_id: string;
    readonly from: string;
    readonly to: string;
  }): Promise<PeriodMoneyView>;
  /**
   * Names who pays for a user; makes the customer at Stripe when there is none yet. A payment method is attached to it
   * and used from now on; what waited for one is charged.
   * @throws AppError('not_found', CUSTOMER_UNKNOWN) · AppError('invalid', STRIPE_REFUSED) · AppError('unavailable',
   * STRIPE_UNAVAILABLE)
   */
  putCustomer(query: {
    readonly user_id: string;
    readonly customer_id?: string;
    readonly email?: string;
    readonly payment_method?: string;
  }): Promise<CustomerView>;
  /** Who pays for a user; null: nobody yet. */
  customer(query: { readonly user_id: string }): Promise<CustomerView | null>;
  /**
   * Users whose customer at Stripe has this e-mail address, in the order of their ids. Stripe compares exactly, case
   * included, and none is found where Stripe is off.
   * @throws AppError('unavailable', STRIPE_UNAVAILABLE)
   */
  usersOfEmail(query: { readonly email: string }): Promise<readonly string[]>;
  /** Users for whom a customer of Stripe pays, in the order of their ids, from the one after `after` on. */
  usersOfCustomer(query: {
    readonly customer_id: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<readonly string[]>;
  /**
   * The monthly fee of a customer: charged in full now, then on the 1st. One that runs is answered as it is, never a
   * second made. With `key`, a repeat gets the first answer.
   * @throws AppError('not_found', CUSTOMER_UNKNOWN) · AppError('reused') · AppError('unavailable', STRIPE_UNAVAILABLE)
   */
  createSubscription(query: { readonly customer_id: string; readonly key?: string }): Promise<{
    readonly subscription: SubscriptionView;
    readonly replayed: boolean;
  }>;
  /**
   * Takes a webhook of Stripe: `payload` is its body as it came. Kept once by its id, then applied; order does not
   * matter.
   * @throws AppError('invalid', SIGNATURE_INVALID) and keeps nothing when Stripe did not sign it, or longer than 5
   * minutes ago.
   */
  stripeWebhook(query: {
    readonly payload: string;
    readonly signature: string;
  }): Promise<{ readonly duplicate: boolean }>;
};
