/** How a test card behaves when it is charged, by Stripe's own names. */
export type CardOutcome =
  { readonly ok: true } | { readonly ok: false; readonly code: string; readonly declineCode: string };

const declined = (declineCode: string): CardOutcome => ({ ok: false, code: 'card_declined', declineCode });

const testMethods: Readonly<Record<string, CardOutcome>> = {
  pm_card_visa: { ok: true },
  pm_card_mastercard: { ok: true },
  pm_card_amex: { ok: true },
  pm_card_chargeDeclined: declined('generic_decline'),
  pm_card_chargeCustomerFail: declined('generic_decline'),
  pm_card_chargeDeclinedInsufficientFunds: declined('insufficient_funds'),
  pm_card_chargeDeclinedExpiredCard: { ok: false, code: 'expired_card', declineCode: 'expired_card' },
  pm_card_authenticationRequired: {
    ok: false,
    code: 'authentication_required',
    declineCode: 'authentication_required',
  },
};

/** null: no such test method. */
export const testMethod = (id: string): CardOutcome | null =>
  Object.hasOwn(testMethods, id) ? (testMethods[id] ?? null) : null;
