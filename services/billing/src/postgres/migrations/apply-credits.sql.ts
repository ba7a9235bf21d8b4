/**
 * A refund that finance declines is forfeited, or goes off the customer's next invoice; an invoice says how much of it
 * credits paid.
 */
export const applyCredits = {
  name: '20261127235000-apply-credits',
  sql: `
alter table billing.refunds add column apply_to text;
comment on column billing.refunds.apply_to
  is 'The customer at Stripe whose next invoice is lowered by it, by an invoice item; null: it is paid back, or not decided.';
alter table billing.invoices add column credit_minor bigint not null default 0 check (credit_minor >= 0);
comment on column billing.invoices.credit_minor
  is 'What credits paid of it, beside amount_minor: the fee is the sum of both.';
`,
} as const;
