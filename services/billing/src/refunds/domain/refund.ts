import { assertNever, doublingMs } from '@tollgate/kernel';
import { stripeAmount } from '@tollgate/pricing';

import { outageWaits } from '../../charges/domain/charging.ts';

/**
 * A refund of a charge. `proposed` by a credit note, it is `approved` or `declined` by finance; `processing`: sent,
 * without an outcome; `withdrawn`: the block was entered again first. One that somebody made at Stripe itself begins as
 * what Stripe says.
 */
export type RefundStatus = 'proposed' | 'approved' | 'processing' | 'succeeded' | 'failed' | 'declined' | 'withdrawn';

export type Refund = {
  readonly id: string;
  readonly chargeId: string;
  /** null: made at Stripe. */
  readonly creditNote: string | null;
  readonly paymentIntent: string;
  /** Minor units of `currency`. */
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly origin: 'credit' | 'stripe';
  /** Whose next invoice is lowered by it; null: it is paid back, or not decided. */
  readonly applyTo: string | null;
  readonly status: RefundStatus;
  /** Why it failed, was declined or withdrawn. */
  readonly reason: string | null;
  readonly decidedBy: string | null;
  /** Who approved it first, where a second person must as well; null: nobody yet, or one was enough. */
  readonly firstApproval: string | null;
  /** Stripe's id of it. */
  readonly stripeRefund: string | null;
  readonly attempts: number;
  readonly unanswered: number;
  /** The last attempt has no answer yet: it is looked up before anything is sent. */
  readonly attemptOpen: boolean;
  /** By the platform's clock; null: nothing is done by itself. */
  readonly nextTryMs: number | null;
  readonly succeededMs: number | null;
};

/** One creation of a refund at Stripe; parameters and key are stored before the first call and repeated unchanged. */
export type RefundAttempt = {
  readonly number: number;
  readonly key: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly startedMs: number;
};

/** Where a refund stands at Stripe. */
export type RefundState =
  /** `madeMs`: when Stripe made it. */
  | { readonly is: 'succeeded'; readonly stripeRefund: string; readonly madeMs: number }
  /** Stripe, or the bank, is at it. */
  | { readonly is: 'pending'; readonly stripeRefund: string }
  | { readonly is: 'failed'; readonly stripeRefund: string; readonly code: string };
/** How a call ended. `rejected`: Stripe made nothing. `unanswered`: it may have happened. */
export type RefundOutcome = RefundState | { readonly is: 'rejected' | 'unanswered'; readonly code: string };

export type RefundEvent =
  /** The first of two approvals: it stays proposed. */
  | { readonly type: 'RefundApprovedOnce'; readonly by: string; readonly address: string | null }
  | {
      readonly type: 'RefundApproved';
      readonly by: string;
      readonly address: string | null;
      readonly nextTryMs: number;
      readonly applyTo: string | null;
    }
  | { readonly type: 'RefundDeclined'; readonly by: string; readonly address: string | null; readonly reason: string }
  | { readonly type: 'RefundWithdrawn'; readonly reason: string }
  | { readonly type: 'RefundStarted'; readonly attempt: RefundAttempt }
  | { readonly type: 'RefundUnanswered'; readonly code: string; readonly nextTryMs: number }
  | { readonly type: 'RefundPending'; readonly stripeRefund: string; readonly nextTryMs: number }
  | { readonly type: 'RefundSucceeded'; readonly stripeRefund: string; readonly succeededMs: number }
  | { readonly type: 'RefundFailed'; readonly stripeRefund: string | null; readonly code: string };

/** The refund after an event. */
export function evolveRefund(refund: Refund, event: RefundEvent): Refund {
  return { ...refund, ...changes(refund, event) };
}

const answered = { attemptOpen: false, unanswered: 0, nextTryMs: null } as const;

function changes(refund: Refund, event: RefundEvent): Partial<Refund> {
  switch (event.type) {
    case 'RefundApprovedOnce':
      return { firstApproval: event.by };
    case 'RefundApproved':
      return {
        status: 'approved',
        reason: null,
        decidedBy: event.by,
        nextTryMs: event.nextTryMs,
        applyTo: event.applyTo,
      };
    case 'RefundDeclined':
      return {
        status: 'declined',
        reason: event.reason,
        decidedBy: event.by,
        firstApproval: null,
        nextTryMs: null,
        applyTo: null,
      };
    case 'RefundWithdrawn':
      return { status: 'withdrawn', reason: event.reason, nextTryMs: null };
    case 'RefundStarted':
      return {
        status: 'processing',
        reason: null,
        attempts: event.attempt.number,
        attemptOpen: true,
        stripeRefund: null,
        nextTryMs: event.attempt.startedMs,
      };
    case 'RefundUnanswered':
      return { reason: event.code, unanswered: refund.unanswered + 1, nextTryMs: event.nextTryMs };
    case 'RefundPending':
      return {
        ...answered,
        status: 'processing',
        reason: null,
        stripeRefund: event.stripeRefund,
        nextTryMs: event.nextTryMs,
      };
    case 'RefundSucceeded':
      return {
        ...answered,
        status: 'succeeded',
        reason: null,
        stripeRefund: event.stripeRefund,
        succeededMs: event.succeededMs,
      };
    case 'RefundFailed':
      return {
        ...answered,
        status: 'failed',
        reason: event.code,
        stripeRefund: event.stripeRefund ?? refund.stripeRefund,
        succeededMs: null,
      };
    default:
      return assertNever(event);
  }
}

export type RefundStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'start'; readonly attempt: RefundAttempt }
  /** Its outcome is not known: look for it among the payment's refunds; what left no trace is sent again unchanged. */
  | { readonly do: 'resume'; readonly attempt: RefundAttempt }
  | { readonly do: 'look_up'; readonly stripeRefund: string };

/** What is to be done for a refund now. Nothing, before finance approved it. */
export function nextRefundStep(
  refund: Refund,
  by: { readonly last: RefundAttempt | null; readonly nowMs: number },
): RefundStep {
  if (refund.nextTryMs === null || refund.nextTryMs > by.nowMs) return { do: 'nothing' };
  if (refund.attemptOpen && by.last !== null) return { do: 'resume', attempt: by.last };
  if (refund.status === 'processing' && refund.stripeRefund !== null)
    return { do: 'look_up', stripeRefund: refund.stripeRefund };
  return refund.status === 'approved' ? { do: 'start', attempt: attemptOf(refund, by.nowMs) } : { do: 'nothing' };
}

/** Whether an attempt lowers an invoice, instead of paying back. */
export const isInvoiceItem = ({ request }: Pick<RefundAttempt, 'request'>): boolean =>
  request['customer'] !== undefined;

/** The first is made under the refund's id, one that is approved again after a failure under id and number. */
function attemptOf(refund: Refund, startedMs: number): RefundAttempt {
  const number = refund.attempts + 1;
  const metadata = { refund_id: refund.id, attempt: String(number), charge_id: refund.chargeId };
  const amount = stripeAmount(refund.amountMinor, refund.currency);
  const request =
    refund.applyTo === null
      ? { payment_intent: refund.paymentIntent, amount: String(amount), reason: 'requested_by_customer', metadata }
      : {
          customer: refund.applyTo,
          amount: String(-amount),
          currency: refund.currency.toLowerCase(),
          description: `Credit of corrected usage, charge ${refund.chargeId}`,
          metadata,
        };
  return { number, key: number === 1 ? refund.id : `${refund.id}:${number}`, request, startedMs };
}

const lookUpEveryMs = 3_600_000;

/**
 * What Stripe's news mean; null: nothing new. A bank may send a refund back after it succeeded, so failure goes before
 * success.
 */
export function afterRefund(refund: Refund, outcome: RefundOutcome, nowMs: number): RefundEvent | null {
  switch (outcome.is) {
    case 'succeeded':
      return refund.status === 'succeeded'
        ? null
        : { type: 'RefundSucceeded', stripeRefund: outcome.stripeRefund, succeededMs: outcome.madeMs };
    case 'pending':
      return refund.status === 'succeeded'
        ? null
        : { type: 'RefundPending', stripeRefund: outcome.stripeRefund, nextTryMs: nowMs + lookUpEveryMs };
    case 'failed':
      // Approved again since: that is old news.
      return refund.status === 'failed' || refund.status === 'approved'
        ? null
        : { type: 'RefundFailed', stripeRefund: outcome.stripeRefund, code: outcome.code };
    case 'rejected':
      return { type: 'RefundFailed', stripeRefund: null, code: outcome.code };
    case 'unanswered':
      return {
        type: 'RefundUnanswered',
        code: outcome.code,
        nextTryMs: nowMs + doublingMs(outageWaits, refund.unanswered),
      };
    default:
      return assertNever(outcome);
  }
}

/** Whether finance can still decide on it: a proposal, or one that failed. */
export const isUndecided = ({ status, origin }: Pick<Refund, 'status' | 'origin'>): boolean =>
  origin === 'credit' && (status === 'proposed' || status === 'failed');
