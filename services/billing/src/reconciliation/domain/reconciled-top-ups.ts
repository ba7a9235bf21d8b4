import type { TopUpStatus } from '@tollgate/contracts';

import { type Difference, money } from './difference.ts';
import type { StripePayment } from './reconciliation.ts';

/** A top-up of a wallet as the books have it. */
export type BookedTopUp = {
  readonly id: string;
  readonly account: string;
  readonly status: TopUpStatus;
  readonly reason: string | null;
  readonly units: bigint;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly paymentIntent: string | null;
  /** What Stripe paid back of it. */
  readonly refundedMinor: bigint;
};

const taken: readonly TopUpStatus[] = ['paid', 'succeeded', 'unresolved'];

/** What is different between a top-up (null: the books have none) and its PaymentIntents, in any order. */
export function compareTopUps(topUp: BookedTopUp | null, payments: readonly StripePayment[]): readonly Difference[] {
  const paid = payments.filter(({ state }) => state === 'succeeded');
  const main =
    payments.find(({ id }) => id === topUp?.paymentIntent) ??
    paid[0] ??
    payments.find(({ state }) => state !== 'cancelled');
  const others = paid
    .filter((payment) => payment !== main)
    .map((payment): Difference => ({
      kind: 'paid_twice',
      reference: payment.id,
      chargeId: null,
      paymentIntent: payment.id,
      account: topUp?.account ?? null,
      reason: `the top-up was paid twice: by ${main?.id ?? 'another payment'} and by ${payment.id}`,
      fix: null,
      proposal: `refund ${money(payment)} of ${payment.id}`,
    }));
  const difference = compareOne(topUp, main ?? null);
  return difference === null ? others : [difference, ...others];
}

/** One of the two is given. */
function compareOne(topUp: BookedTopUp | null, payment: StripePayment | null): Difference | null {
  const about = {
    reference: topUp?.id ?? payment?.id ?? '',
    chargeId: null,
    paymentIntent: payment?.id ?? topUp?.paymentIntent ?? null,
    account: topUp?.account ?? null,
    fix: null,
  };
  const paid = payment?.state === 'succeeded';
  if (topUp === null) {
    if (payment === null || !paid) return null;
    return {
      ...about,
      kind: 'payment_unknown',
      reason: `${payment.id} at Stripe is paid for ${money(payment)}, for a top-up that the books do not have`,
      proposal: `refund ${money(payment)} of ${payment.id}`,
    };
  }
  const inBooks = taken.includes(topUp.status);
  if (inBooks && !paid) {
    return {
      ...about,
      kind: 'top_up_differs',
      reason:
        `the books have the top-up as paid by ${topUp.paymentIntent ?? 'nothing'}, ` + 'and Stripe has no such payment',
      proposal: 'find out where the payment went before anything more is sold',
    };
  }
  if (payment !== null && paid && !inBooks) {
    return {
      ...about,
      kind: 'top_up_differs',
      reason: `Stripe was paid ${money(payment)} by ${payment.id}, and the books have the top-up as ${topUp.status}`,
      fix: 'take_state',
      proposal: null,
    };
  }
  // Paid back as a whole, it is settled.
  if (topUp.status === 'unresolved' && topUp.refundedMinor < (payment ?? topUp).amountMinor) {
    return {
      ...about,
      kind: 'top_up_unresolved',
      reason:
        `Stripe was paid ${money(payment ?? topUp)} and the wallet did not get its units: ` +
        `${topUp.reason ?? 'unknown'}`,
      proposal: `refund ${about.paymentIntent ?? 'it'} at Stripe, or grant ${topUp.units} units by hand`,
    };
  }
  return null;
}
