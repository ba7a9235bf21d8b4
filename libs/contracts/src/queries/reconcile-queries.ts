/** A comparison of Stripe with the books over one calendar month. */
export type ReconciliationView = {
  readonly id: string;
  /** `2026-10`. */
  readonly period: string;
  /**
   * Borders of what has but a moment (invoices, refunds, payments that are not ours), half-open, in the plan's time
   * zone.
   */
  readonly from: string;
  readonly to: string;
  /** Whether it mends what can be mended. */
  readonly fix: boolean;
  readonly state: 'running' | 'done' | 'failed' | 'abandoned';
  /**
   * What it is at: payments, invoice_payments, invoices, refunds, crossings, charges, strangers, …; `end` when it is
   * done.
   */
  readonly step: string;
  /** Rows read, and how many there may be. */
  readonly done: number;
  readonly expected: number;
  /** Why it waits or failed; null: nothing is in its way. */
  readonly trouble: string | null;
  readonly differences: number;
  readonly fixed: number;
  /** Differences that somebody acknowledged, and that do not count for now. */
  readonly acknowledged: number;
  /** Differences that are there still, and that nobody acknowledged. */
  readonly remaining: number;
  /** What was just happening as it was looked at, and is no difference yet. */
  readonly under_way: number;
  readonly started_at: string;
  readonly finished_at: string | null;
};

export type DifferenceView = {
  readonly number: string;
  /** A short code such as `not_in_books`; docs/finance.md lists them. */
  readonly kind: string;
  /** Id of what it is about. */
  readonly reference: string;
  readonly charge_id: string | null;
  readonly payment_intent: string | null;
  readonly account: string | null;
  /** In plain words. */
  readonly reason: string;
  /** What `fix` does, or did; null: nothing. */
  readonly fix: string | null;
  /** What a person should decide on, because it moves money; null: nothing. */
  readonly proposal: string | null;
  /** null: nothing was tried. */
  readonly outcome: 'fixed' | 'remains' | null;
  /** Who has looked at it, and until when it does not count; null: nobody. */
  readonly acknowledged: {
    readonly by: string;
    readonly reason: string;
    readonly at: string;
    readonly until: string;
  } | null;
};

export type AssignedPaymentView = {
  readonly payment_intent: string;
  readonly user_id: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly paid_at: string;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
};

export type ReconcileQueries = {
  /**
   * A difference does not count until then, in this comparison and later ones that find the same. null: there is no
   * such difference.
   * @throws AppError('invalid', TIME_OUT_OF_RANGE) when `until` is past.
   */
  acknowledgeDifference(query: {
    readonly run: string;
    readonly number: string;
    readonly reason: string;
    readonly until: string;
    readonly by: string;
    readonly address?: string;
  }): Promise<DifferenceView | null>;
  /**
   * Says whose a payment at Stripe is that no charge asked for: money on account. One that was assigned is answered as
   * it is. null: there is no such payment.
   * @throws AppError('conflict', PAYMENT_NOT_FOREIGN) when it is not paid, or is of a charge, an invoice or a top-up.
   */
  assignPayment(query: {
    readonly payment_intent: string;
    readonly user_id: string;
    readonly reason: string;
    readonly by: string;
    readonly address?: string;
  }): Promise<AssignedPaymentView | null>;
  /**
   * Compares a month, in the background; one that is under way for the month goes on and is answered. `fresh` abandons
   * it and begins anew; `fix` mends what is safe, also of one under way. Waits at most `wait_ms` for its end. Default
   * month: the current one.
   * @throws AppError('invalid', REQUEST_INVALID) for what is no month, or one that has not begun.
   */
  startReconciliation(query: {
    readonly period?: string;
    readonly fix?: boolean;
    readonly fresh?: boolean;
    readonly wait_ms?: number;
  }): Promise<ReconciliationView>;
  /**
   * A run and a page of its differences; `after` is the number of the last one of the page before. null: there is no
   * such run.
   */
  reconciliation(query: { readonly id: string; readonly after?: string; readonly limit: number }): Promise<{
    readonly run: ReconciliationView;
    readonly differences: readonly DifferenceView[];
    readonly next: string | null;
  } | null>;
};
