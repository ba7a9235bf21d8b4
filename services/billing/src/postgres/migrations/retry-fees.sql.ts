/** When an unpaid fee is to be tried with what the customer has by now, and how often somebody asked for it. */
export const retryFees = {
  name: '20261121180000-retry-fees',
  sql: `
alter table billing.subscriptions add column pay_at timestamptz, add column pay_attempts integer not null default 0;
create index subscriptions_to_pay on billing.subscriptions (pay_at) where pay_at is not null;
comment on column billing.subscriptions.pay_at
  is 'When its open invoices are tried again; null: nothing is tried by us.';
comment on column billing.subscriptions.pay_attempts
  is 'How often that was asked for: a part of Stripe''s idempotency key.';
`,
} as const;
