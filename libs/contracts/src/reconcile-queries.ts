/** A comparison of Stripe with the books over one calendar month. */
export type ReconciliationView = {
  readonly id: string;
  /** `2026-10`. */
  readonly period: string;
  /** Borders of what has but a moment (invoices, refunds, payments that are not ours), half-open, in the plan's time zone. */
  readonly from: string;
  readonly to: string;
  /** Whether it mends what can be mended. */
  readonly fix: boolean;
  readonly state: 'running' | 'done' | 'failed' | 'abandoned';
  /** What it is at: payments, invoice_payments, invoices, refunds, crossings, charges, strangers, …; `end` when it is done. */
  readonly step: string;
  /** Rows read, and how many there may be. */
  readonly done: number;
  readonly expected: number;
  /** Why it waits or failed; null: nothing is in its way. */
  readonly trouble: string | null;
  readonly differences: number;
  readonly fixed: number;
  /** Differences that are there still. */
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
};

export type ReconcileQueries = {
  /**
   * Compares a month, in the background; one that is under way for the month goes on and is answered. `fresh` abandons it and begins anew;
   * `fix` mends what is safe, also of one under way. Waits at most `wait_ms` for its end. Default month: the current one.
   * @throws AppError('invalid', REQUEST_INVALID) for what is no month, or one that has not begun.
   */
  startReconciliation(query: {
    readonly period?: string; readonly fix?: boolean; readonly fresh?: boolean; readonly wait_ms?: number;
  }): Promise<ReconciliationView>;
  /** A run and a page of its differences; `after` is the number of the last one of the page before. null: there is no such run. */
  reconciliation(query: { readonly id: string; readonly after?: string; readonly limit: number }): Promise<{
    readonly run: ReconciliationView; readonly differences: readonly DifferenceView[]; readonly next: string | null;
  } | null>;
};
export const reconcileQueryNames = ['startReconciliation', 'reconciliation'] as const satisfies readonly (keyof ReconcileQueries)[];
