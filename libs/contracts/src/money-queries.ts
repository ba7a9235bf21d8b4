/** A charge as it shows outside: `processing`, ours or Stripe's, is `pending` (surfaces §5). Amounts are decimal strings in minor units. */
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
  readonly id: string; readonly status: ShownChargeStatus;
};
/** What a period of a user has cost so far, besides usage. Amounts are decimal strings in minor units. */
export type PeriodMoneyView = {
  /** Paid invoices of the monthly fee. */
  readonly fixed_fee_minor: string;
  /** Ids of the period's charges that were cancelled: these are not owed. */
  readonly cancelled_charges: readonly string[];
};
export type CustomerView = { readonly user_id: string; readonly customer_id: string; readonly payment_method: string | null };
export type SubscriptionView = {
  readonly subscription_id: string;
  readonly amount_minor: string;
  readonly currency: string;
  /** As Stripe calls it: active, incomplete, past_due, canceled, … */
  readonly status: string;
  readonly current_period_start: string;
  readonly current_period_end: string;
};

/** Charges, customers and subscriptions, as others may ask billing for them. */
export type MoneyQueries = {
  /**
   * Where these charges stand, in the order asked; waits until each has an outcome or waits for a payer, at most `wait_ms`. One
   * that billing has not heard of yet is `pending`. `remember`: the same call later is answered as this one was.
   */
  chargeStatuses(query: { readonly ids: readonly string[]; readonly wait_ms?: number; readonly remember?: boolean }): Promise<readonly ChargeStatusView[]>;
  /** Newest first. `period`: any ISO time in it. */
  listCharges(query: {
    readonly user_id?: string; readonly status?: ShownChargeStatus; readonly period?: string; readonly offset: number; readonly limit: number;
  }): Promise<{ readonly items: readonly ChargeView[]; readonly total: number }>;
  /**
   * Has a charge tried now, whatever its backoff says; null: there is no such charge.
   * @throws AppError('conflict', CHARGE_NOT_RETRYABLE) when it succeeded or was cancelled.
   */
  retryCharge(query: { readonly id: string; readonly by: string }): Promise<ChargeView | null>;
  /** `period`: the bounds of a month, as the ledger counts it. */
  periodMoney(query: { readonly user_id: string; readonly from: string; readonly to: string }): Promise<PeriodMoneyView>;
  /**
   * Names who pays for a user; makes the customer at Stripe when there is none yet. A payment method is attached to it and used
   * from now on; what waited for one is charged.
   * @throws AppError('not_found', CUSTOMER_UNKNOWN) · AppError('invalid', STRIPE_REFUSED) · AppError('unavailable', STRIPE_UNAVAILABLE)
   */
  putCustomer(query: {
    readonly user_id: string; readonly customer_id?: string; readonly email?: string; readonly payment_method?: string;
  }): Promise<CustomerView>;
  /** Who pays for a user; null: nobody yet. */
  customer(query: { readonly user_id: string }): Promise<CustomerView | null>;
  /**
   * The monthly fee of a customer: charged in full now, then on the 1st. One that runs is answered as it is, never a second made.
   * With `key`, a repeat gets the first answer.
   * @throws AppError('not_found', CUSTOMER_UNKNOWN) · AppError('reused') · AppError('unavailable', STRIPE_UNAVAILABLE)
   */
  createSubscription(query: { readonly customer_id: string; readonly key?: string }): Promise<{
    readonly subscription: SubscriptionView; readonly replayed: boolean;
  }>;
  /**
   * Takes a webhook of Stripe: `payload` is its body as it came. Kept once by its id, then applied; order does not matter.
   * @throws AppError('invalid', SIGNATURE_INVALID) and keeps nothing when Stripe did not sign it, or longer than 5 minutes ago.
   */
  stripeWebhook(query: { readonly payload: string; readonly signature: string }): Promise<{ readonly duplicate: boolean }>;
};
export const moneyQueryNames = [
  'chargeStatuses', 'listCharges', 'retryCharge', 'periodMoney', 'putCustomer', 'customer', 'createSubscription', 'stripeWebhook',
] as const satisfies readonly (keyof MoneyQueries)[];
