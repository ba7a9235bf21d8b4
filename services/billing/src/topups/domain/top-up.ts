import type { TopUpStatus } from '@tollgate/contracts';
import { assertNever, doublingMs } from '@tollgate/kernel';
import { stripeAmount } from '@tollgate/pricing';

import type { CallOutcome, Sum } from '../../charges/domain/charge.ts';
import { outageWaits } from '../../charges/domain/charging.ts';

/** A wallet that is topped up by itself: its terms, and how the last attempts went. Amounts in minor units. */
export type AutoTopUp = {
  readonly account: string;
  readonly userId: string;
  readonly below: bigint;
  readonly units: bigint;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly dayMaxMinor: bigint;
  readonly monthMaxMinor: bigint;
  readonly failuresMax: number;
  readonly failures: number;
  readonly reason: string | null;
  /** Paused since then, until a person resumes it; null: it is not paused. */
  readonly pausedMs: number | null;
  /** By the platform's clock; null: as soon as the wallet is low. */
  readonly nextTryMs: number | null;
  readonly waitsFor: 'refusal' | 'ceiling' | null;
  /** Rises with every change, so that what was decided by an older state is not done. */
  readonly version: number;
  readonly changedBy: string;
  readonly changedMs: number;
};

/** One purchase of units: one PaymentIntent, whose idempotency key is the id, and one grant, whose id it is too. */
export type TopUp = {
  readonly id: string;
  readonly account: string;
  readonly userId: string;
  readonly units: bigint;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly status: TopUpStatus;
  readonly reason: string | null;
  readonly availableBefore: bigint;
  /** Parameters of the PaymentIntent, stored before the first call and repeated unchanged. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly paymentIntent: string | null;
  /** Calls that were begun: with one, Stripe is asked what it knows before anything is sent again. */
  readonly attempts: number;
  readonly unanswered: number;
  readonly paidMs: number | null;
  /** When the grant was last appended to the log; null: never. */
  readonly appendedMs: number | null;
  readonly nextTryMs: number | null;
  readonly createdMs: number;
  readonly updatedMs: number;
};

const hourMs = 3_600_000;
/** After the first, second, … refusal in a row; never less than an hour, so that a bad card is not tried out. */
const refusalDelaysMs = [hourMs, 6 * hourMs, 24 * hourMs];
/** How often a payment that Stripe is working on is asked for, in case its webhook gets lost. */
const lookUpEveryMs = hourMs;

export type Spent = { readonly dayMinor: bigint; readonly monthMinor: bigint };
export type Purchase =
  | { readonly do: 'buy' }
  | { readonly do: 'wait' }
  /** It would take more than may be taken until then. */
  | { readonly do: 'limit'; readonly reason: 'day_max' | 'month_max'; readonly untilMs: number };

/** Whether a wallet that is low may be topped up now, by what was taken in the present day and month. */
export function mayBuy(auto: AutoTopUp, spent: Spent, nowMs: number): Purchase {
  if (auto.pausedMs !== null || (auto.nextTryMs !== null && auto.nextTryMs > nowMs)) return { do: 'wait' };
  // The month first: waiting for tomorrow would not help.
  if (spent.monthMinor + auto.amountMinor > auto.monthMaxMinor)
    return { do: 'limit', reason: 'month_max', untilMs: nextMonthMs(nowMs) };
  if (spent.dayMinor + auto.amountMinor > auto.dayMaxMinor)
    return { do: 'limit', reason: 'day_max', untilMs: nextDayMs(nowMs) };
  return { do: 'buy' };
}

/** Days and months of ceilings are those of UTC. */
export const dayStartMs = (nowMs: number): number => new Date(nowMs).setUTCHours(0, 0, 0, 0);
export const monthStartMs = (nowMs: number): number => {
  const now = new Date(nowMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
};
const nextDayMs = (nowMs: number): number => dayStartMs(nowMs) + 24 * hourMs;
const nextMonthMs = (nowMs: number): number => {
  const now = new Date(nowMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
};

export type AutoTopUpChange = Partial<Pick<AutoTopUp, 'failures' | 'reason' | 'pausedMs' | 'nextTryMs' | 'waitsFor'>>;

/** After a refusal: it waits, the longer the more there were, or is paused. */
export function afterRefusal(auto: AutoTopUp, code: string, nowMs: number): AutoTopUpChange {
  const failures = auto.failures + 1;
  const pausedMs = failures >= auto.failuresMax ? nowMs : null;
  const delayMs = refusalDelaysMs[Math.min(failures, refusalDelaysMs.length) - 1] ?? hourMs;
  return { failures, reason: code, pausedMs, nextTryMs: nowMs + delayMs, waitsFor: 'refusal' };
}

/** After a success, and when somebody resumes it. */
export const cleared = {
  failures: 0,
  reason: null,
  pausedMs: null,
  nextTryMs: null,
  waitsFor: null,
} as const satisfies AutoTopUpChange;

/** What Stripe is asked for, once and unchanged (surfaces §5, off-session). */
export const requestOf = (
  topUp: Pick<TopUp, 'id' | 'account' | 'units' | 'amountMinor' | 'currency'>,
  payer: { readonly customerId: string; readonly paymentMethod: string },
): TopUp['request'] => ({
  amount: String(stripeAmount(topUp.amountMinor, topUp.currency)),
  currency: topUp.currency.toLowerCase(),
  customer: payer.customerId,
  payment_method: payer.paymentMethod,
  confirm: true,
  off_session: true,
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  description: `Top-up of ${topUp.units} units`,
  metadata: { topup_id: topUp.id, account: topUp.account.slice(0, 500), units: String(topUp.units) },
});

export type TopUpChange = Partial<
  Pick<TopUp, 'status' | 'reason' | 'paymentIntent' | 'attempts' | 'unanswered' | 'paidMs' | 'appendedMs' | 'nextTryMs'>
>;

/**
 * What a call, a look-up or a webhook means for a top-up; null: nothing new. Money that was taken counts whatever was
 * thought before (rule 27), also of one that had failed.
 */
export function afterOutcome(topUp: TopUp, outcome: CallOutcome, nowMs: number): TopUpChange | null {
  if (topUp.paidMs !== null) return null;
  if (outcome.is === 'succeeded') return paid(topUp, outcome, nowMs);
  if (topUp.status === 'failed') return null;
  switch (outcome.is) {
    case 'processing':
      return {
        status: 'processing',
        paymentIntent: outcome.paymentIntent,
        unanswered: 0,
        nextTryMs: nowMs + lookUpEveryMs,
      };
    case 'declined':
    case 'action_required':
      return { ...failed(outcome.code), paymentIntent: outcome.paymentIntent };
    case 'cancelled':
      return { ...failed('cancelled_at_stripe'), paymentIntent: outcome.paymentIntent };
    case 'rejected':
      return failed(outcome.code);
    case 'absent':
      return { reason: 'never_arrived', nextTryMs: nowMs };
    case 'unanswered':
      return {
        reason: outcome.code,
        unanswered: topUp.unanswered + 1,
        nextTryMs: nowMs + doublingMs(outageWaits, topUp.unanswered),
      };
    default:
      return assertNever(outcome);
  }
}

const failed = (reason: string): TopUpChange => ({ status: 'failed', reason, unanswered: 0, nextTryMs: null });

/** Units are given for exactly the sum that they cost. */
function paid(
  topUp: TopUp,
  { paymentIntent, sum, paidMs }: { readonly paymentIntent: string; readonly sum: Sum; readonly paidMs?: number },
  nowMs: number,
): TopUpChange {
  const taken = { paymentIntent, unanswered: 0, paidMs: paidMs ?? nowMs };
  return sum.amountMinor === topUp.amountMinor && sum.currency === topUp.currency
    ? { ...taken, status: 'paid', reason: null, nextTryMs: nowMs }
    : { ...taken, status: 'unresolved', reason: 'amount_differs', nextTryMs: null };
}
