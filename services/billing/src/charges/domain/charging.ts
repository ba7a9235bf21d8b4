import { assertNever, doublingMs } from '@tollgate/kernel';
import { stripeAmount } from '@tollgate/pricing';

import type { Attempt, CallOutcome, Charge, ChargeEvent, PaymentState, Sum } from './charge.ts';

/** The payer, as Stripe knows it. */
export type Payer = { readonly customerId: string | null; readonly paymentMethod: string | null };

export type Step =
  | { readonly do: 'nothing' }
  /** Nobody can be charged yet: the charge waits for a payer or a payment method. */
  | { readonly do: 'wait'; readonly reason: 'no_customer' | 'no_payment_method' }
  /** Nothing is owed. */
  | { readonly do: 'waive' }
  /** `known`: Stripe may have heard of the charge before (a restore): look before the first call (rule 26). */
  | { readonly do: 'start'; readonly attempt: Attempt; readonly known: boolean }
  /** An attempt whose outcome is not known: look it up, then send the very same again if it left no trace. */
  | { readonly do: 'resume'; readonly attempt: Attempt }
  | { readonly do: 'look_up'; readonly paymentIntent: string }
  /**
   * The block is no longer owed and nothing was sent, as far as is known: look at Stripe, then cancel. `customer` null:
   * there is no customer to look for.
   */
  | { readonly do: 'drop'; readonly customer: string | null };

/**
 * Why a charge waits for a person: its payment at Stripe is about another amount or currency. Nothing is sent for it
 * any more.
 */
export const amountDiffers = 'amount_differs';
/** Why a charge of a corrected block was cancelled: it is revived when the block is entered again. */
export const corrected = 'corrected';
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Stripe forgets idempotency keys after 24 hours; an hour less, so that clocks may differ. */
export const keyWindowMs = 23 * hourMs;
/** Waits after each refusal in a row, over two weeks; after the last one a person has to ask for a retry. */
const refusalDelaysMs = [hourMs, 6 * hourMs, dayMs, 2 * dayMs, 4 * dayMs, 7 * dayMs];
/** Waits while Stripe does not answer: doubling, and never giving up, because an outage ends (style guide §6). */
export const outageWaits = { firstMs: 1_000, maxMs: 600_000 };
/** How often a payment that Stripe is working on is asked for, in case its webhook gets lost. */
const lookUpEveryMs = hourMs;

/** What is to be done for a charge now. Deterministic; `last` is its last attempt. */
export function nextStep(
  charge: Charge,
  by: { readonly payer: Payer; readonly last: Attempt | null; readonly nowMs: number },
): Step {
  if (charge.nextTryMs === null || charge.nextTryMs > by.nowMs) return { do: 'nothing' };
  if (charge.status === 'succeeded' || charge.status === 'cancelled') return { do: 'nothing' };
  if (charge.attemptOpen && by.last !== null) return { do: 'resume', attempt: by.last };
  if (charge.reason === amountDiffers && charge.paymentIntent !== null)
    return { do: 'look_up', paymentIntent: charge.paymentIntent };
  if (charge.status === 'processing' && charge.paymentIntent !== null)
    return { do: 'look_up', paymentIntent: charge.paymentIntent };
  if (charge.amountMinor === 0n) return { do: 'waive' };
  if (!charge.owed) return cancelling(charge, by);
  const { customerId, paymentMethod } = by.payer;
  if (customerId === null) return { do: 'wait', reason: 'no_customer' };
  if (paymentMethod === null) return { do: 'wait', reason: 'no_payment_method' };
  const attempt = attemptOf(charge, { customerId, paymentMethod }, by.nowMs);
  const known = attempt.number === 1 && (charge.crossedMs === null || by.nowMs - charge.crossedMs > keyWindowMs);
  return { do: 'start', attempt, known: known || charge.attempts > 0 };
}

/** A corrected block whose payment is not under way: its PaymentIntent is cancelled at Stripe before the charge is. */
function cancelling(
  charge: Charge,
  by: { readonly payer: Payer; readonly last: Attempt | null; readonly nowMs: number },
): Step {
  const { paymentIntent } = charge;
  if (paymentIntent === null) {
    const customer = by.last?.kind === 'create' ? by.last.request['customer'] : undefined;
    return { do: 'drop', customer: typeof customer === 'string' ? customer : by.payer.customerId };
  }
  const number = charge.attempts + 1;
  const request = { payment_intent: paymentIntent };
  return {
    do: 'start',
    known: false,
    attempt: { number, kind: 'cancel', key: `${charge.id}:${number}`, request, startedMs: by.nowMs },
  };
}

/**
 * The first call creates the PaymentIntent under the charge's id; with one there, another attempt confirms it under the
 * id and the attempt's number (surfaces §5). Where one ended before (ADR 19), its number is in key and metadata: so
 * each is found for itself.
 */
function attemptOf(
  charge: Charge,
  payer: { readonly customerId: string; readonly paymentMethod: string },
  nowMs: number,
): Attempt {
  const number = charge.attempts + 1;
  if (charge.paymentIntent !== null) {
    const request = { payment_intent: charge.paymentIntent, payment_method: payer.paymentMethod, off_session: true };
    return { number, kind: 'confirm', key: `${charge.id}:${number}`, request, startedMs: nowMs };
  }
  const request = {
    amount: String(stripeAmount(charge.amountMinor, charge.currency)),
    currency: charge.currency.toLowerCase(),
    customer: payer.customerId,
    payment_method: payer.paymentMethod,
    confirm: true,
    off_session: true,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    description: `Usage ${charge.billingTier}, ${new Date(charge.periodStartMs).toISOString().slice(0, 10)}`,
    metadata: {
      charge_id: charge.id,
      account: charge.account.slice(0, 500),
      period_start: new Date(charge.periodStartMs).toISOString(),
      block: String(charge.block),
      ...(charge.series === 0 ? {} : { series: String(charge.series) }),
    },
  };
  const key = charge.series === 0 ? charge.id : `${charge.id}:series:${charge.series}`;
  return { number, kind: 'create', key, request, startedMs: nowMs };
}

/** Whether the same key still makes Stripe answer with the first outcome. */
export const keyHolds = (attempt: Attempt, nowMs: number): boolean => nowMs - attempt.startedMs <= keyWindowMs;

/**
 * What a call, a look-up or a webhook means for the charge; null: nothing new. `succeeded` is final, and it counts
 * whatever we thought before, because the money was taken (rule 27). `jitter`: 0 to 1.
 */
export function afterOutcome(
  charge: Charge,
  outcome: CallOutcome,
  at: { readonly nowMs: number; readonly jitter: number },
): ChargeEvent | null {
  if (charge.status === 'succeeded') return null;
  if ('sum' in outcome && !isAbout(outcome.sum, charge)) return otherSum(charge, outcome);
  if (outcome.is === 'succeeded')
    return { type: 'ChargeSucceeded', paymentIntent: outcome.paymentIntent, paidMs: outcome.paidMs ?? at.nowMs };
  if (charge.status === 'cancelled') return null;
  switch (outcome.is) {
    case 'processing':
      return { type: 'PaymentPending', paymentIntent: outcome.paymentIntent, nextTryMs: at.nowMs + lookUpEveryMs };
    case 'declined':
      return {
        type: 'ChargeDeclined',
        paymentIntent: outcome.paymentIntent,
        code: outcome.code,
        nextTryMs: afterRefusal(charge, at),
      };
    case 'action_required':
      return {
        type: 'ActionRequired',
        paymentIntent: outcome.paymentIntent,
        code: outcome.code,
        nextTryMs: afterRefusal(charge, at),
      };
    case 'cancelled':
      return { type: 'ChargeCancelled', reason: charge.owed && !charge.cancelSent ? 'cancelled_at_stripe' : corrected };
    case 'absent':
      return charge.owed
        ? { type: 'AttemptRejected', code: 'never_arrived', nextTryMs: at.nowMs }
        : { type: 'ChargeCancelled', reason: corrected };
    case 'rejected':
      return { type: 'AttemptRejected', code: outcome.code, nextTryMs: afterRefusal(charge, at) };
    case 'unanswered':
      return {
        type: 'CallUnanswered',
        code: outcome.code,
        nextTryMs: at.nowMs + spread(doublingMs(outageWaits, charge.unanswered), at.jitter),
      };
    default:
      return assertNever(outcome);
  }
}

const isAbout = (sum: Sum, charge: Charge): boolean =>
  sum.amountMinor === charge.amountMinor && sum.currency === charge.currency;

/** Taking the payment as ours could charge too much or hide what is owed. A person decides; reconcile lists it. */
function otherSum(charge: Charge, { is, paymentIntent }: PaymentState): ChargeEvent | null {
  if (charge.status === 'cancelled' && is !== 'succeeded') return null;
  const known = charge.reason === amountDiffers && charge.paymentIntent === paymentIntent && charge.nextTryMs === null;
  return known ? null : { type: 'ActionRequired', paymentIntent, code: amountDiffers, nextTryMs: null };
}

function afterRefusal(charge: Charge, at: { readonly nowMs: number; readonly jitter: number }): number | null {
  // What is not owed is not tried again but cancelled, at once; only a cancellation that Stripe refuses waits.
  if (!charge.owed)
    return charge.cancelSent
      ? at.nowMs + (refusalDelaysMs[Math.min(charge.refusals, refusalDelaysMs.length - 1)] ?? dayMs)
      : at.nowMs;
  const delayMs = refusalDelaysMs[charge.refusals];
  return delayMs === undefined ? null : at.nowMs + spread(delayMs, at.jitter);
}

/** 90 % to 110 %, so that what failed together does not come back together. */
const spread = (delayMs: number, jitter: number): number => Math.round(delayMs * (0.9 + 0.2 * jitter));

/** How a charge shows outside: `processing`, ours or Stripe's, is `pending` (surfaces §5). */
export const shownStatus = (
  charge: Pick<Charge, 'status'>,
): 'pending' | 'succeeded' | 'requires_action' | 'failed' | 'cancelled' =>
  charge.status === 'processing' ? 'pending' : charge.status;

/**
 * Whether waiting a moment longer can bring news: not once it ended, was refused, or waits for a payer or for Stripe's
 * webhook.
 */
export function isSettled(charge: Pick<Charge, 'status' | 'reason' | 'attemptOpen'>): boolean {
  if (charge.status === 'pending') return charge.reason !== null;
  return charge.status !== 'processing' || !charge.attemptOpen;
}
