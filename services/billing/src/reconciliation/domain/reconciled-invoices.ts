import { type Difference, money } from './difference.ts';

/** An invoice of a monthly fee as the books were told; `periodStartMs`: of the period it is for. */
export type BookedInvoice = {
  readonly customer: string;
  readonly periodStartMs: number;
  /** What credits paid of it, beside `amountMinor`. */
  readonly creditMinor: bigint;
  readonly id: string;
  readonly status: string;
  readonly amountMinor: bigint;
  readonly currency: string;
};
/** The same as Stripe has it now; `attempted`: somebody tried to pay it. */
export type StripeInvoice = {
  readonly id: string;
  readonly status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';
  readonly attempted: boolean;
  readonly dueMinor: bigint;
  readonly paidMinor: bigint;
  readonly currency: string;
};

/** What is different about an invoice; null: nothing. The books hear of an invoice once it is paid, or was not. */
export function compareInvoice(books: BookedInvoice | null, stripe: StripeInvoice | null): Difference | null {
  const id = (books ?? stripe)?.id ?? '';
  const about = { reference: id, chargeId: null, paymentIntent: null, account: null };
  if (stripe === null) {
    if (books === null) return null;
    return {
      ...about,
      kind: 'invoice_not_at_stripe',
      reason: `the books have invoice ${id} as ${books.status}, and Stripe does not have it`,
      fix: null,
      proposal: `find out where invoice ${id} went`,
    };
  }
  const told = feeStatusAt(stripe);
  const amountMinor = stripe.status === 'paid' ? stripe.paidMinor : stripe.dueMinor;
  const atStripe = `Stripe has it as ${stripe.status} for ${money({ amountMinor, currency: stripe.currency })}`;
  if (books === null) {
    // Invoices that are not owed may be missing in the books.
    if (told === null || told === 'voided') return null;
    return {
      ...about,
      kind: 'invoice_missing',
      reason: `the books do not have invoice ${id}; ${atStripe}`,
      fix: 'take_invoice',
      proposal: null,
    };
  }
  const agrees = told === null ? books.status !== 'paid' : books.status === told;
  if (agrees && (told === null || (books.amountMinor === amountMinor && books.currency === stripe.currency)))
    return null;
  // What was paid is final in the books: taking it back is a person's to decide.
  const fixable = told !== null && books.status !== 'paid';
  return {
    ...about,
    kind: 'invoice_differs',
    reason: `the books have invoice ${id} as ${books.status} for ${money(books)}, and ${atStripe}`,
    fix: fixable ? 'take_invoice' : null,
    proposal: fixable ? null : `find out why invoice ${id} is ${stripe.status} at Stripe`,
  };
}

/** The books' word for where an invoice stands at Stripe; null: a draft, which nobody owes yet. */
function feeStatusAt({ status, attempted }: StripeInvoice): string | null {
  if (status === 'open') return attempted ? 'failed' : 'open';
  return status === 'draft' ? null : status === 'void' ? 'voided' : status;
}

/**
 * A fee that is not what the plan says of its period; null: it is. An invoice of 0 is of a subscription that began
 * within a period already asked for.
 */
export function compareFee(
  books: BookedInvoice,
  fee: {
    readonly plan: string;
    readonly version: number | null;
    readonly amountMinor: bigint;
    readonly currency: string;
  },
): Difference | null {
  const whole = { amountMinor: books.amountMinor + books.creditMinor, currency: books.currency };
  if (
    whole.amountMinor === 0n ||
    books.status === 'voided' ||
    (whole.amountMinor === fee.amountMinor && whole.currency === fee.currency)
  )
    return null;
  const plan = `${fee.plan}${fee.version === null ? '' : ` version ${fee.version}`}`;
  return {
    reference: books.id,
    chargeId: null,
    paymentIntent: null,
    account: null,
    kind: 'fee_differs',
    fix: null,
    reason: `invoice ${books.id} is for ${money(whole)}, the plan ${plan} says ${money(fee)}`,
    proposal: `charge or give back the difference of invoice ${books.id} at Stripe`,
  };
}
