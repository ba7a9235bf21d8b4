import type { Found, FoundCrossing } from '../app/reconcile-ports.ts';
import type { StripeInvoice } from '../domain/reconciled-invoices.ts';
import type { StripeRefund } from '../domain/reconciled-refunds.ts';
import type { StripePayment } from '../domain/reconciliation.ts';

/** JSON of what was found: amounts are decimal strings under names that end in Minor, and so is a block. */
export type FoundFacts = Readonly<Record<string, unknown>>;
const wide = new Set(['amountMinor', 'dueMinor', 'paidMinor', 'block']);

export function toFacts(found: Found): {
  readonly id: string;
  readonly chargeId: string | null;
  readonly facts: FoundFacts;
} {
  switch (found.kind) {
    case 'payment':
      return { id: found.payment.id, chargeId: found.payment.chargeId, facts: narrow(found.payment) };
    case 'invoice_payment':
      return { id: found.paymentIntent, chargeId: null, facts: {} };
    case 'invoice':
      return { id: found.invoice.id, chargeId: null, facts: narrow(found.invoice) };
    case 'refund':
      return { id: found.refund.id, chargeId: null, facts: narrow(found.refund) };
    case 'crossing':
      return { id: found.crossing.chargeId, chargeId: found.crossing.chargeId, facts: narrow(found.crossing) };
  }
}

export const paymentOf = (facts: FoundFacts): StripePayment => widen<StripePayment>(facts);
export const invoiceOf = (facts: FoundFacts): StripeInvoice => widen<StripeInvoice>(facts);
export const refundOf = (facts: FoundFacts): StripeRefund => widen<StripeRefund>(facts);
export const crossingOf = (facts: FoundFacts): FoundCrossing => widen<FoundCrossing>(facts);

const narrow = (value: object): FoundFacts =>
  Object.fromEntries(
    Object.entries(value).map(([name, each]: [string, unknown]) => [
      name,
      typeof each === 'bigint' ? String(each) : each,
    ]),
  );
/** Only `narrow` writes these facts, so their shape is known. */
const widen = <T extends object>(facts: FoundFacts): T =>
  Object.fromEntries(
    Object.entries(facts).map(([name, each]) => [
      name,
      wide.has(name) && typeof each === 'string' ? BigInt(each) : each,
    ]),
  ) as T;
