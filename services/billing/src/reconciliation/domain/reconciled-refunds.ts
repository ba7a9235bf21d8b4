import { type Difference, money } from './difference.ts';

/** A refund as the books have it. `id`: Stripe's. */
export type BookedRefund = {
  readonly id: string;
  /** null: of a top-up. */
  readonly chargeId: string | null;
  readonly status: string;
  readonly amountMinor: bigint;
  readonly currency: string;
};
/** The same as Stripe has it, `status` in Stripe's words. */
export type StripeRefund = Omit<BookedRefund, 'chargeId'> & {
  readonly chargeId: string | null;
  readonly paymentIntent: string | null;
};

/** Stripe's statuses that each of the books goes together with. */
const agreeing: Readonly<Record<string, readonly string[]>> = {
  succeeded: ['succeeded'],
  processing: ['pending', 'requires_action'],
  failed: ['failed', 'canceled'],
};

/** What is different about a refund; null: nothing. */
export function compareRefund(books: BookedRefund | null, stripe: StripeRefund | null): Difference | null {
  const id = (books ?? stripe)?.id ?? '';
  const about = {
    reference: id,
    chargeId: books?.chargeId ?? stripe?.chargeId ?? null,
    paymentIntent: stripe?.paymentIntent ?? null,
    account: null,
  };
  if (stripe === null) {
    if (books === null) return null;
    return {
      ...about,
      kind: 'refund_not_at_stripe',
      reason: `the books have refund ${id} of ${money(books)}, and Stripe does not have it`,
      fix: null,
      proposal: `find out whether ${money(books)} were given back`,
    };
  }
  const atStripe = `Stripe has it as ${stripe.status} for ${money(stripe)}`;
  if (books === null) {
    // Refunds that failed or were cancelled may be missing in the books.
    if (stripe.status === 'failed' || stripe.status === 'canceled') return null;
    return {
      ...about,
      kind: 'refund_missing',
      reason: `the books do not have refund ${id}; ${atStripe}`,
      fix: 'take_refund',
      proposal: null,
    };
  }
  if (
    agreeing[books.status]?.includes(stripe.status) === true &&
    books.amountMinor === stripe.amountMinor &&
    books.currency === stripe.currency
  )
    return null;
  return {
    ...about,
    kind: 'refund_differs',
    reason: `the books have refund ${id} as ${books.status} for ${money(books)}, and ${atStripe}`,
    fix: 'take_refund',
    proposal: null,
  };
}
