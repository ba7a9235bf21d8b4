import type { MoneyQueries, RefundDecided, RefundView } from '@tollgate/contracts';

import type { Refund, RefundAttempt, RefundEvent, RefundOutcome, RefundState } from '../domain/refund.ts';

/**
 * Refunds of charges; each call is one transaction, with the events it means for their charges and what follows (rule
 * 18).
 */
export type RefundStore = {
  /** Ids of refunds that are due, longest waiting first. */
  due(nowMs: number, limit: number): Promise<readonly string[]>;
  /** Runs `work` while no other instance works on this refund; false: another one does. */
  lock(id: string, work: (locked: LockedRefund) => Promise<void>): Promise<boolean>;
  /**
   * Decides on a refund as it is; `left`: what is not refunded yet of its payment, without itself. With a key, a repeat
   * gets the first answer. null: there is no such refund.
   * @throws AppError('reused', IDEMPOTENCY_KEY_REUSED)
   */
  decide(
    of: { readonly id: string; readonly operation: string; readonly key?: string | undefined; readonly hash: string },
    decide: (refund: Refund, left: bigint) => RefundEvent,
    nowMs: number,
  ): Promise<RefundDecided | null>;
  /**
   * Takes Stripe's refunds of a payment as they are now: known ones go on, one that somebody made there settles a
   * proposal of the same amount, else becomes a row of its own. Answers how many changed; null: the payment is of no
   * charge.
   */
  told(paymentIntent: string, refunds: readonly ToldRefund[], nowMs: number): Promise<number | null>;
  /** Whose running subscription has a next invoice in the currency of the refund; null: nobody's. */
  nextInvoiceOf(id: string): Promise<string | null>;
  list(query: Parameters<MoneyQueries['listRefunds']>[0]): ReturnType<MoneyQueries['listRefunds']>;
  view(id: string): Promise<RefundView | null>;
};

export type LockedRefund = {
  read(): Promise<{ readonly refund: Refund; readonly last: RefundAttempt | null }>;
  record(decide: (refund: Refund) => RefundEvent | null, nowMs: number): Promise<Refund>;
};

/** A refund as Stripe lists it; `ours` and `attempt` from its metadata. */
export type ToldRefund = {
  readonly state: RefundState;
  readonly ours: string | null;
  readonly attempt: number;
  readonly amountMinor: bigint;
  readonly currency: string;
};

/** Stripe's refunds. */
export type Refunds = {
  /** Whatever Stripe answers, or that it does not, is an outcome; it rejects only for defects of this code. */
  send(attempt: RefundAttempt): Promise<RefundOutcome>;
  /** All refunds of a payment. @throws AppError('unavailable', STRIPE_UNAVAILABLE) */
  ofPayment(paymentIntent: string): Promise<readonly ToldRefund[]>;
  /**
   * All credits of ours on a customer's invoices, those of the next one included. @throws AppError('unavailable',
   * STRIPE_UNAVAILABLE)
   */
  creditsOf(customer: string): Promise<readonly ToldRefund[]>;
};
