import { money, type Difference } from './reconciliation.ts';

/** An invoice of a monthly fee as the books were told. */
export type BookedInvoice = { readonly id: string; readonly status: string; readonly amountMinor: bigint; readonly currency: string };
/** The same as Stripe has it now; `attempted`: somebody tried to pay it. */
export type StripeInvoice = {
  readonly id: string; readonly status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void'; readonly attempted: boolean;
  readonly dueMinor: bigint; readonly paidMinor: bigint; readonly currency: string;
};

/** What is different about an invoice; null: nothing. The books hear of an invoice once it is paid, or was not. */
export function compareInvoice(books: BookedInvoice | null, stripe: StripeInvoice | null): Difference | null {
  const id = (books ?? stripe)?.id ?? '';
  const about = { reference: id, chargeId: null, paymentIntent: null, account: null };
  if (stripe === null) {
    if (books === null) return null;
    return { ...about, kind: 'invoice_not_at_stripe', reason: `the books have invoice ${id} as ${books.status}, and Stripe does not have it`, fix: null, proposal: `find out where invoice ${id} went` };
  }
  const told = stripe.status === 'paid' ? 'paid' : stripe.status === 'open' && stripe.attempted ? 'failed' : null;
  const amountMinor = stripe.status === 'paid' ? stripe.paidMinor : stripe.dueMinor;
  const atStripe = `Stripe has it as ${stripe.status} for ${money({ amountMinor, currency: stripe.currency })}`;
  if (books === null) {
    if (told === null) return null;
    return { ...about, kind: 'invoice_missing', reason: `the books do not have invoice ${id}; ${atStripe}`, fix: 'take_invoice', proposal: null };
  }
  const agrees = told === null ? books.status !== 'paid' && stripe.status !== 'void' && stripe.status !== 'uncollectible' : books.status === told;
  if (agrees && (told === null || (books.amountMinor === amountMinor && books.currency === stripe.currency))) return null;
  // What was paid is final in the books: taking it back is a person's to decide.
  const fixable = told !== null && books.status !== 'paid';
  return {
    ...about, kind: 'invoice_differs', reason: `the books have invoice ${id} as ${books.status} for ${money(books)}, and ${atStripe}`, fix: fixable ? 'take_invoice' : null,
    proposal: fixable ? null : `find out why invoice ${id} is ${stripe.status} at Stripe`,
  };
}
