import type { AssignedPaymentView, DifferenceView, LedgerQueries, ReconciliationView } from '@tollgate/contracts';

import type { Crossing } from '../../charges/app/charge-ports.ts';
import type { StripeFacts } from '../../webhooks-in/domain/stripe-event.ts';
import type { Difference, Fix } from '../domain/difference.ts';
import type { BookedInvoice, StripeInvoice } from '../domain/reconciled-invoices.ts';
import type { ReconciledMonth } from '../domain/reconciled-month.ts';
import type { BookedRefund, StripeRefund } from '../domain/reconciled-refunds.ts';
import type { BookedTopUp } from '../domain/reconciled-top-ups.ts';
import type { BookedCharge, LedgerCrossing, StripePayment } from '../domain/reconciliation.ts';

/** In this order; each reads pages until there are no more. */
export const reconcileSteps = [
  'payments',
  'invoice_payments',
  'invoices',
  'refunds',
  'crossings',
  'charges',
  'strangers',
  'top_ups',
  'booked_invoices',
  'booked_refunds',
  'missing_charges',
  'fixes',
] as const;
export type ReconcileStep = (typeof reconcileSteps)[number];

export type ReconcileRun = ReconciledMonth & {
  readonly id: string;
  readonly fix: boolean;
  readonly step: ReconcileStep;
  /** Where the step goes on; null: at its beginning. */
  readonly cursor: string | null;
  /** Rises with every page, so that of two instances on one run only one makes progress. */
  readonly version: number;
};

/** A crossing as a scratch row keeps it: enough to open its charge. */
export type FoundCrossing = LedgerCrossing &
  Omit<Crossing, 'partition' | 'partitionSeq' | 'change'> & { readonly planVersion: number };
export type Found =
  | { readonly kind: 'payment'; readonly payment: StripePayment }
  /** A PaymentIntent of an invoice. */
  | { readonly kind: 'invoice_payment'; readonly paymentIntent: string }
  | { readonly kind: 'invoice'; readonly invoice: StripeInvoice }
  | { readonly kind: 'refund'; readonly refund: StripeRefund }
  | { readonly kind: 'crossing'; readonly crossing: FoundCrossing };

/** What a page brought. `next`: null ends the step. */
export type Page = {
  readonly found?: readonly Found[];
  readonly differences?: readonly Difference[];
  readonly outcomes?: readonly { readonly number: string; readonly outcome: 'fixed' | 'remains' }[];
  readonly read: number;
  readonly underWay?: number;
  readonly next: string | null;
};

export type ToFix = {
  readonly number: string;
  readonly reference: string;
  readonly fix: Fix;
  readonly chargeId: string | null;
  readonly paymentIntent: string | null;
};
/** `past`: payments that ended before the one in use, and that the books know of. */
export type ComparedCharge = {
  readonly charge: BookedCharge;
  readonly payments: readonly StripePayment[];
  readonly past: readonly string[];
  readonly crossing: LedgerCrossing | null;
};

export type ActedBy = { readonly by: string; readonly address: string | null };

/** Runs, what they have read so far, and what they found; each call is one transaction. */
export type ReconcileStore = {
  /** The run of the month that is under way, else a new one; `fresh` ends the former. */
  begin(
    month: ReconciledMonth,
    options: { readonly id: string; readonly fix: boolean; readonly fresh: boolean; readonly nowMs: number },
  ): Promise<string>;
  /**
   * Locks the oldest running comparison that no other instance has locked, while `work` runs; false: there is none. The
   * lock ends with the connection.
   */
  lock(work: (id: string) => Promise<void>): Promise<boolean>;
  /** null: it is not under way (any more). */
  running(id: string): Promise<ReconcileRun | null>;
  /** Keeps a page and moves the run on, unless another instance did; a repeat of the page changes nothing. */
  advance(run: ReconcileRun, page: Page & { readonly step: ReconcileStep | 'end' }, nowMs: number): Promise<void>;
  /** Notes why a run waits (null: it does not), or that it failed. */
  trouble(id: string, text: string | null, failed: boolean, nowMs: number): Promise<void>;
  /** As of a time: an acknowledgement ends. */
  view(id: string, nowMs: number): Promise<ReconciliationView | null>;
  differences(
    id: string,
    of: { readonly after: string; readonly limit: number; readonly nowMs: number },
  ): Promise<readonly DifferenceView[]>;
  /** Whether there is such a difference. */
  acknowledge(
    of: { readonly run: string; readonly number: string; readonly reason: string; readonly untilMs: number } & ActedBy,
    nowMs: number,
  ): Promise<boolean>;
  assigned(paymentIntent: string): Promise<AssignedPaymentView | null>;
  hasTopUp(id: string): Promise<boolean>;
  assign(
    payment: StripePayment,
    of: { readonly userId: string; readonly reason: string } & ActedBy,
    nowMs: number,
  ): Promise<void>;
  /** Charges of the month by id, with what was found about each. */
  charges(run: ReconcileRun, limit: number): Promise<readonly ComparedCharge[]>;
  /** Payments found that belong to no charge of the books and to no invoice. */
  strangers(run: ReconcileRun, limit: number): Promise<readonly StripePayment[]>;
  /** Top-ups of either side, by id. */
  topUps(
    run: ReconcileRun,
    limit: number,
  ): Promise<
    readonly { readonly id: string; readonly books: BookedTopUp | null; readonly payments: readonly StripePayment[] }[]
  >;
  /** Invoices of either side, by id. */
  invoices(
    run: ReconcileRun,
    limit: number,
  ): Promise<
    readonly { readonly id: string; readonly books: BookedInvoice | null; readonly stripe: StripeInvoice | null }[]
  >;
  /** Refunds of either side, by id. */
  refunds(
    run: ReconcileRun,
    limit: number,
  ): Promise<
    readonly { readonly id: string; readonly books: BookedRefund | null; readonly stripe: StripeRefund | null }[]
  >;
  /** Blocks found that no charge exists of. */
  missing(run: ReconcileRun, limit: number): Promise<readonly FoundCrossing[]>;
  /** What `fix` has still to do. */
  toFix(run: ReconcileRun, limit: number): Promise<readonly ToFix[]>;
  /** A block that was found, by the id of its charge. */
  crossing(run: Pick<ReconcileRun, 'id'>, id: string): Promise<FoundCrossing | null>;
};

type StripePage<T> = { readonly items: readonly T[]; readonly read: number; readonly next: string | null };
/**
 * Stripe's lists, newest first, a page of a hundred at a time; and single objects as they are now. @throws
 * AppError('unavailable', STRIPE_UNAVAILABLE)
 */
export type StripeBooks = {
  /** Those of charges of the month by their metadata, and those without our metadata of its moments. */
  payments(month: ReconciledMonth, after: string | null): Promise<StripePage<StripePayment>>;
  invoicePayments(month: ReconciledMonth, after: string | null): Promise<StripePage<string>>;
  /** Of our subscriptions, whose paid period begins in the month. */
  invoices(month: ReconciledMonth, after: string | null): Promise<StripePage<StripeInvoice>>;
  refunds(month: ReconciledMonth, after: string | null): Promise<StripePage<StripeRefund>>;
  payment(id: string): Promise<StripePayment | null>;
  isOfInvoice(paymentIntent: string): Promise<boolean>;
  /** null: there is none, or it is not of a subscription of ours. */
  invoice(id: string): Promise<{
    readonly invoice: StripeInvoice;
    readonly facts: Extract<StripeFacts, { readonly about: 'invoice' }>;
  } | null>;
  refund(id: string): Promise<StripeRefund | null>;
};

export type CrossingsOfLedger = Pick<LedgerQueries, 'crossings' | 'usage'>;
