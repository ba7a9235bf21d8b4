import { decimalAmount } from '@tollgate/pricing';

export type DifferenceKind =
  | 'payment_unknown'
  | 'payment_foreign'
  | 'not_at_stripe'
  | 'not_in_books'
  | 'amount_differs'
  | 'paid_twice'
  | 'second_payment'
  | 'processing_long'
  | 'state_differs'
  | 'crossing_without_charge'
  | 'charge_without_crossing'
  | 'crossing_differs'
  | 'invoice_missing'
  | 'invoice_not_at_stripe'
  | 'invoice_differs'
  | 'fee_differs'
  | 'refund_missing'
  | 'refund_not_at_stripe'
  | 'refund_differs'
  | 'top_up_differs'
  | 'top_up_unresolved';

/** What mends a difference without moving money; repeating it changes nothing. */
export type Fix = 'take_state' | 'open_charge' | 'take_invoice' | 'take_refund';

export type Difference = {
  readonly kind: DifferenceKind;
  /** What it is about: with the kind, unique in a run. */
  readonly reference: string;
  readonly chargeId: string | null;
  readonly paymentIntent: string | null;
  readonly account: string | null;
  /** In plain words. */
  readonly reason: string;
  readonly fix: Fix | null;
  /** For a person to decide: it moves money, or ends something at Stripe. */
  readonly proposal: string | null;
};

/** As people write it, in the currency's own digits. */
export const money = ({ amountMinor, currency }: { readonly amountMinor: bigint; readonly currency: string }): string =>
  `${decimalAmount(amountMinor, currency)} ${currency}`;

/** What a fix does, for those who decide whether to ask for it. */
export const fixWords: Readonly<Record<Fix, string>> = {
  take_state: "take Stripe's state of the payment into the books, as its webhook would have",
  open_charge: 'open the charge, as the crossing would have; it is then paid like any other',
  take_invoice: "take Stripe's state of the invoice into the books, as its webhook would have",
  take_refund: "take Stripe's state of the refund into the books, as its webhook would have",
};
