import type { Charge, ChargeStatus, PaymentState } from '../../charges/domain/charge.ts';
import { type Difference, money } from './difference.ts';

/** A charge as the books have it; `changedMs`: when it last changed. */
export type BookedCharge = Pick<
  Charge,
  'id' | 'account' | 'status' | 'amountMinor' | 'currency' | 'paymentIntent' | 'attemptOpen'
> & { readonly changedMs: number };

/**
 * A PaymentIntent as Stripe has it; the amounts in minor units of ISO 4217, the currency in capitals. `chargeId`: null
 * without our metadata.
 */
export type StripePayment = {
  readonly id: string;
  readonly chargeId: string | null;
  /** Absent without our metadata of a top-up. */
  readonly topUpId?: string;
  readonly state: PaymentState['is'];
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly createdMs: number;
  /** Which of the charge's payments it is (ADR 19). */
  readonly series: number;
  /** When the money was taken, where it was asked for. */
  readonly paidMs?: number;
};

/** A tier block as the ledger has it. */
export type LedgerCrossing = { readonly chargeId: string; readonly amountMinor: bigint; readonly currency: string };

/** A charge may be `processing` so long before somebody should look. */
export const processingMaxMs = 86_400_000;

/** Statuses of a charge that go together with where its payment stands at Stripe. */
const agreeing: Readonly<Record<PaymentState['is'], readonly ChargeStatus[]>> = {
  succeeded: ['succeeded'],
  processing: ['processing'],
  // A refused payment waits for a payer, is tried again just now, or was given up.
  declined: ['failed', 'pending', 'processing'],
  action_required: ['requires_action', 'pending', 'processing'],
  cancelled: ['cancelled'],
};

/**
 * What is different between a charge, its PaymentIntents at Stripe (in any order) and its block in the ledger (null:
 * there is none). `past`: payments of it that the books know to have ended before the one in use. A charge that nothing
 * was sent for, and that no payment exists of, agrees with Stripe.
 */
export function compareCharge(
  charge: BookedCharge,
  by: {
    readonly payments: readonly StripePayment[];
    readonly past: readonly string[];
    readonly crossing: LedgerCrossing | null;
    readonly nowMs: number;
  },
): readonly Difference[] {
  const payments = by.payments
    .filter(({ id }) => !by.past.includes(id))
    .sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
  const main = mainPayment(charge, payments);
  return [
    ...others(charge, main, payments),
    ...stateOf(charge, main, by.nowMs),
    ...amountOf(charge, main),
    ...crossingOf(charge, by.crossing),
  ];
}

/**
 * The payment that counts: the books' own where it is paid, else the first that is paid, else the books' own, else the
 * newest that is open. A cancelled one only where the books say that it is theirs: a charge may have been charged anew
 * since.
 */
function mainPayment(charge: BookedCharge, payments: readonly StripePayment[]): StripePayment | null {
  const named = payments.find(({ id }) => id === charge.paymentIntent);
  if (named?.state === 'succeeded') return named;
  const paid = payments.find(({ state }) => state === 'succeeded');
  return paid ?? named ?? payments.findLast(({ state }) => state !== 'cancelled') ?? null;
}

function others(
  charge: BookedCharge,
  main: StripePayment | null,
  payments: readonly StripePayment[],
): readonly Difference[] {
  return payments
    .filter((each) => each !== main && each.state !== 'cancelled')
    .map((each): Difference => {
      const about = {
        reference: each.id,
        chargeId: charge.id,
        paymentIntent: each.id,
        account: charge.account,
        fix: null,
      };
      return each.state === 'succeeded'
        ? {
            ...about,
            kind: 'paid_twice',
            reason: `the charge was paid twice: by ${main?.id ?? 'another payment'} and by ${each.id}`,
            proposal: `refund ${money(each)} of ${each.id}`,
          }
        : {
            ...about,
            kind: 'second_payment',
            reason:
              `there is a second payment of the charge, ${each.id}, beside ${main?.id ?? 'another'}; it ` +
              `is ${words[each.state]}`,
            proposal: `cancel ${each.id} at Stripe`,
          };
    });
}

function stateOf(charge: BookedCharge, main: StripePayment | null, nowMs: number): readonly Difference[] {
  const about = {
    reference: charge.id,
    chargeId: charge.id,
    paymentIntent: main?.id ?? charge.paymentIntent,
    account: charge.account,
  };
  if (main?.state === 'succeeded') {
    // One of another amount or currency is not taken into the books: `amountOf` tells.
    if (charge.status === 'succeeded' || !alike(charge, main)) return [];
    return [
      {
        ...about,
        kind: 'not_in_books',
        reason: `Stripe was paid ${money(main)} by ${main.id}, and the books have the charge as ${charge.status}`,
        fix: 'take_state',
        proposal: null,
      },
    ];
  }
  const stripe = main === null ? 'Stripe has no payment of it' : `at Stripe ${main.id} is ${words[main.state]}`;
  if (charge.status === 'succeeded') {
    return [
      {
        ...about,
        kind: 'not_at_stripe',
        reason: `the books have the charge as paid by ${charge.paymentIntent ?? 'nothing'}, and ${stripe}`,
        fix: null,
        proposal: 'find out where the payment went before anybody is charged again',
      },
    ];
  }
  if (charge.status === 'processing' && nowMs - charge.changedMs > processingMaxMs) {
    const told = main !== null && main.state !== 'processing';
    return [
      {
        ...about,
        kind: 'processing_long',
        reason: `the charge has been processing for more than a day; ${stripe}`,
        fix: told ? 'take_state' : null,
        proposal: told ? null : `retry the charge: POST /api/admin/billing/charges/${charge.id}/retry`,
      },
    ];
  }
  if (main === null || agreeing[main.state].includes(charge.status) || !alike(charge, main)) return [];
  const ended = charge.status === 'cancelled';
  return [
    {
      ...about,
      kind: 'state_differs',
      reason: `the books have the charge as ${charge.status}, and ${stripe}`,
      fix: ended ? null : 'take_state',
      proposal: ended ? `cancel ${main.id} at Stripe` : null,
    },
  ];
}

const alike = (charge: BookedCharge, payment: StripePayment): boolean =>
  payment.amountMinor === charge.amountMinor && payment.currency === charge.currency;

function amountOf(charge: BookedCharge, main: StripePayment | null): readonly Difference[] {
  if (main === null || main.state === 'cancelled' || alike(charge, main)) return [];
  return [
    {
      kind: 'amount_differs',
      reference: main.id,
      chargeId: charge.id,
      paymentIntent: main.id,
      account: charge.account,
      fix: null,
      reason: `the books charge ${money(charge)}, and ${main.id} is about ${money(main)}`,
      proposal:
        main.state === 'succeeded'
          ? `refund or charge the difference between ${money(charge)} and ${money(main)}`
          : `cancel ${main.id} at Stripe and charge anew`,
    },
  ];
}

function crossingOf(charge: BookedCharge, crossing: LedgerCrossing | null): readonly Difference[] {
  const about = {
    reference: charge.id,
    chargeId: charge.id,
    paymentIntent: charge.paymentIntent,
    account: charge.account,
    fix: null,
  };
  if (crossing === null) {
    const paid =
      charge.status === 'succeeded'
        ? `refund ${money(charge)} unless the usage is found`
        : 'nothing is owed unless the usage is found';
    return [
      {
        ...about,
        kind: 'charge_without_crossing',
        reason: 'there is a charge, and the ledger never entered its block',
        proposal: paid,
      },
    ];
  }
  if (crossing.amountMinor === charge.amountMinor && crossing.currency === charge.currency) return [];
  return [
    {
      ...about,
      kind: 'crossing_differs',
      reason: `the ledger priced the block at ${money(crossing)}, and the charge is ${money(charge)}`,
      proposal: `refund or charge the difference between ${money(crossing)} and ${money(charge)}`,
    },
  ];
}

const words: Readonly<Record<PaymentState['is'], string>> = {
  succeeded: 'paid',
  processing: 'processing',
  declined: 'not paid',
  action_required: 'waiting for the customer',
  cancelled: 'cancelled',
};

/** A payment that belongs to no charge of the books. null: it is none of our business, such as one that nobody paid. */
export function compareStranger(payment: StripePayment): Difference | null {
  const about = {
    reference: payment.id,
    chargeId: payment.chargeId,
    paymentIntent: payment.id,
    account: null,
    fix: null,
  };
  if (payment.chargeId === null) {
    if (payment.state !== 'succeeded') return null;
    return {
      ...about,
      kind: 'payment_foreign',
      reason:
        `Stripe was paid ${money(payment)} by ${payment.id}, which is no payment of this platform's and ` +
        `of no invoice`,
      proposal: `find out what ${payment.id} was for`,
    };
  }
  if (payment.state === 'cancelled') return null;
  return {
    ...about,
    kind: 'payment_unknown',
    reason:
      `${payment.id} at Stripe is ${words[payment.state]} for ${money(payment)}, for a charge that the ` +
      `books do not have`,
    proposal:
      payment.state === 'succeeded'
        ? `refund ${money(payment)} of ${payment.id} unless its block is found in the ledger`
        : `cancel ${payment.id} at Stripe`,
  };
}

/** A block that was entered and that no charge exists of. */
export const missingCharge = (
  crossing: LedgerCrossing & { readonly account: string; readonly block: bigint },
): Difference => ({
  kind: 'crossing_without_charge',
  reference: crossing.chargeId,
  chargeId: crossing.chargeId,
  paymentIntent: null,
  account: crossing.account,
  reason: `the ledger entered block ${crossing.block} for ${money(crossing)}, and there is no charge of it`,
  fix: 'open_charge',
  proposal: null,
});
