import { assertNever } from '@tollgate/kernel';

/**
 * One tier block of one period, charged once (surfaces §5). `pending`: nothing was sent. `processing`: something was
 * sent whose outcome is not known, or Stripe is at it. `requires_action` and `failed` are tried again while `nextTryMs`
 * says so.
 */
export type ChargeStatus = 'pending' | 'processing' | 'succeeded' | 'requires_action' | 'failed' | 'cancelled';

/** What an attempt asks of Stripe. The first creates the PaymentIntent, the others confirm that same one. */
export type AttemptKind = 'create' | 'confirm' | 'cancel';
/** `key`: Stripe's idempotency key; `request`: the parameters, stored before the first call and repeated unchanged. */
export type Attempt = {
  readonly number: number;
  readonly kind: AttemptKind;
  readonly key: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly startedMs: number;
};

export type Charge = {
  readonly id: string;
  readonly account: string;
  /** null: no surface owns the account, so nobody is known to pay. */
  readonly userId: string | null;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly block: bigint;
  readonly plan: string;
  readonly billingTier: string;
  /** Minor units of `currency`. */
  readonly amountMinor: bigint;
  readonly currency: string;
  /** When the ledger recorded the crossing; null: unknown, so it may be long ago. */
  readonly crossedMs: number | null;
  readonly status: ChargeStatus;
  /** A short code: why it is pending, failed or cancelled. */
  readonly reason: string | null;
  readonly paymentIntent: string | null;
  /** When Stripe took the money; null: it is not paid. */
  readonly paidMs: number | null;
  readonly attempts: number;
  /** How often Stripe refused since somebody last asked for a retry: decides how long to wait, and when to stop. */
  readonly refusals: number;
  /** Calls without an answer since the last answer. */
  readonly unanswered: number;
  /** The last attempt has no answer yet: it is looked up before anything is sent. */
  readonly attemptOpen: boolean;
  /** By the platform's clock; null: nothing is tried by itself. */
  readonly nextTryMs: number | null;
  /** Number of its last event. */
  readonly version: number;
  /** Whether the period's usage still reaches the block, by the ledger's latest message (rule 18). */
  readonly owed: boolean;
  /** How many PaymentIntents ended before the one in use: cancelled at Stripe by us, or refunded whole (ADR 19). */
  readonly series: number;
  /** Stripe was asked to cancel the PaymentIntent in use; the outcome may still be unknown. */
  readonly cancelSent: boolean;
  /** What was paid became a credit by a correction (rule 18). */
  readonly creditedMs: number | null;
  /** Its credit note; null: none, or all had been refunded before. */
  readonly creditNote: string | null;
};

/** What a payment is about: minor units of ISO 4217, the currency in capitals. */
export type Sum = { readonly amountMinor: bigint; readonly currency: string };

/** What Stripe says of a charge's payment, from an answer, a look-up or a webhook. */
export type PaymentState =
  /** `paidMs`: when the money was taken; absent: just now. */
  | { readonly is: 'succeeded'; readonly paymentIntent: string; readonly sum: Sum; readonly paidMs?: number }
  /** Stripe is at it: a webhook or a later look-up tells the outcome. */
  | { readonly is: 'processing'; readonly paymentIntent: string; readonly sum: Sum }
  | { readonly is: 'declined'; readonly paymentIntent: string; readonly code: string; readonly sum: Sum }
  | { readonly is: 'action_required'; readonly paymentIntent: string; readonly code: string; readonly sum: Sum }
  | { readonly is: 'cancelled'; readonly paymentIntent: string };

/**
 * How a call ended. `rejected`: Stripe refused the request itself and made nothing. `unanswered`: it may have happened.
 */
export type CallOutcome =
  | PaymentState
  | { readonly is: 'rejected'; readonly code: string }
  /** A look-up found nothing: the request had no effect so far, and is not sent again. */
  | { readonly is: 'absent' }
  | { readonly is: 'unanswered'; readonly code: string };

export type ChargeEvent =
  | { readonly type: 'ChargeOpened' }
  | { readonly type: 'ChargeHeld'; readonly reason: string }
  | { readonly type: 'AttemptStarted'; readonly attempt: Attempt }
  | { readonly type: 'CallUnanswered'; readonly code: string; readonly nextTryMs: number }
  | { readonly type: 'PaymentPending'; readonly paymentIntent: string; readonly nextTryMs: number }
  | { readonly type: 'ChargeSucceeded'; readonly paymentIntent: string; readonly paidMs: number }
  | {
      readonly type: 'ChargeDeclined';
      readonly paymentIntent: string;
      readonly code: string;
      readonly nextTryMs: number | null;
    }
  | {
      readonly type: 'ActionRequired';
      readonly paymentIntent: string;
      readonly code: string;
      readonly nextTryMs: number | null;
    }
  | { readonly type: 'AttemptRejected'; readonly code: string; readonly nextTryMs: number | null }
  | { readonly type: 'ChargeCancelled'; readonly reason: string }
  | { readonly type: 'ChargeRevived'; readonly nextTryMs: number }
  | {
      readonly type: 'RetryRequested';
      readonly by: string;
      readonly address?: string | null;
      readonly nextTryMs: number;
    }
  /** A correction took the usage below the block, or later usage entered it again. */
  | { readonly type: 'BlockLeft' | 'BlockRegained'; readonly nextTryMs: number }
  | {
      readonly type: 'ChargeCredited';
      readonly creditedMs: number;
      /** null: all of it had been refunded by hand before. */
      readonly note: { readonly id: string; readonly refund: string; readonly amountMinor: string } | null;
    }
  | { readonly type: 'CreditTakenBack'; readonly reversal: string; readonly creditNote: string | null }
  /** It was refunded, and the block was entered again: it is owed and paid anew. */
  | { readonly type: 'ChargeReopened'; readonly nextTryMs: number }
  | {
      readonly type: RefundEventType;
      readonly refund: { readonly id: string; readonly amount_minor: string; readonly method?: 'invoice' };
      readonly reason?: string;
      readonly by?: string;
      readonly address?: string | null;
    };

/** Steps of a refund, kept among the events of its charge. */
export const refundEventTypes = [
  'RefundProposed',
  'RefundFound',
  'RefundApprovedOnce',
  'RefundApproved',
  'RefundDeclined',
  'RefundWithdrawn',
  'RefundStarted',
  'RefundUnanswered',
  'RefundPending',
  'RefundSucceeded',
  'RefundFailed',
] as const;
export type RefundEventType = (typeof refundEventTypes)[number];

/** The charge after an event. */
export function evolve(charge: Charge, event: ChargeEvent): Charge {
  return { ...charge, ...changes(charge, event), version: charge.version + 1 };
}

type Changes = Partial<Charge>;

function changes(charge: Charge, event: ChargeEvent): Changes {
  switch (event.type) {
    case 'ChargeOpened':
      return {};
    case 'ChargeHeld':
      return { status: 'pending', reason: event.reason, nextTryMs: null };
    case 'AttemptStarted':
      return {
        status: 'processing',
        reason: null,
        attempts: event.attempt.number,
        attemptOpen: true,
        nextTryMs: event.attempt.startedMs,
        cancelSent: charge.cancelSent || event.attempt.kind === 'cancel',
      };
    case 'CallUnanswered':
      return { reason: event.code, unanswered: charge.unanswered + 1, nextTryMs: event.nextTryMs };
    case 'PaymentPending':
      return {
        status: 'processing',
        reason: null,
        attemptOpen: false,
        unanswered: 0,
        paymentIntent: event.paymentIntent,
        nextTryMs: event.nextTryMs,
      };
    case 'ChargeSucceeded':
      return { ...ended, status: 'succeeded', reason: null, paymentIntent: event.paymentIntent, paidMs: event.paidMs };
    case 'ChargeDeclined':
      return {
        ...answered(charge),
        status: 'failed',
        reason: event.code,
        paymentIntent: event.paymentIntent,
        nextTryMs: event.nextTryMs,
      };
    case 'ActionRequired':
      return {
        ...answered(charge),
        status: 'requires_action',
        reason: event.code,
        paymentIntent: event.paymentIntent,
        nextTryMs: event.nextTryMs,
      };
    case 'AttemptRejected':
      return { ...answered(charge), status: 'failed', reason: event.code, nextTryMs: event.nextTryMs };
    case 'ChargeCancelled':
      return { ...ended, status: 'cancelled', reason: event.reason };
    case 'ChargeRevived':
      return { ...renewed(event.nextTryMs), series: charge.paymentIntent === null ? charge.series : charge.series + 1 };
    case 'ChargeReopened':
      return { ...renewed(event.nextTryMs), series: charge.series + 1, creditedMs: null, creditNote: null };
    case 'BlockLeft':
      return { owed: false, ...at(charge, event.nextTryMs) };
    case 'BlockRegained':
      return { owed: true, ...at(charge, event.nextTryMs) };
    case 'RetryRequested':
      return { refusals: 0, unanswered: 0, nextTryMs: event.nextTryMs };
    case 'ChargeCredited':
      return { creditedMs: event.creditedMs, creditNote: event.note?.id ?? null };
    case 'CreditTakenBack':
      return { creditedMs: null, creditNote: null };
    case 'RefundProposed':
    case 'RefundFound':
    case 'RefundApprovedOnce':
    case 'RefundApproved':
    case 'RefundDeclined':
    case 'RefundWithdrawn':
    case 'RefundStarted':
    case 'RefundUnanswered':
    case 'RefundPending':
    case 'RefundSucceeded':
    case 'RefundFailed':
      return {};
    default:
      return assertNever(event);
  }
}

/** Starts the charge anew, with another PaymentIntent. */
const renewed = (nextTryMs: number): Changes => ({
  status: 'pending',
  reason: null,
  paymentIntent: null,
  paidMs: null,
  refusals: 0,
  unanswered: 0,
  attemptOpen: false,
  cancelSent: false,
  nextTryMs,
});
/** A waiting charge becomes due at once; one under way keeps its schedule, and an ended one has none. */
const at = (charge: Charge, nextTryMs: number): Changes =>
  charge.status === 'processing' || charge.status === 'succeeded' || charge.status === 'cancelled' ? {} : { nextTryMs };

const ended = { attemptOpen: false, unanswered: 0, nextTryMs: null } as const;
const answered = (charge: Charge): Changes => ({ attemptOpen: false, unanswered: 0, refusals: charge.refusals + 1 });
