import { appendOnly, keptInHistory } from './append-only.ts';

/** Monthly fees: subscriptions, their invoices, and what people decided about fees. */
export const createSubscriptions = {
  name: '20261121112000-create-subscriptions',
  sql: `
create table billing.subscriptions (
  id uuid not null,
  customer_id text not null,
  subscription_id text,
  amount_minor bigint not null,
  currency text not null,
  status text not null,
  anchor_at timestamptz not null,
  request jsonb not null,
  current_period_start timestamptz,
  current_period_end timestamptz,
  told_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  pay_at timestamptz,
  pay_attempts integer not null default 0,
  plan text,
  plan_version integer,
  constraint subscriptions_pkey primary key (id),
  constraint subscriptions_subscription_once unique (subscription_id)
);
create unique index subscriptions_one_running on billing.subscriptions (customer_id) where status not in ('canceled',
  'incomplete_expired');
comment on table billing.subscriptions is
  'Monthly fees; the row is there before Stripe is asked, so that its id is the idempotency key.';
comment on column billing.subscriptions.told_at
  is 'Time of the newest message about it that was applied; older ones change nothing.';
create index subscriptions_to_pay on billing.subscriptions (pay_at) where pay_at is not null;
comment on column billing.subscriptions.pay_at
  is 'When its open invoices are tried again; null: nothing is tried by us.';
comment on column billing.subscriptions.pay_attempts
  is 'How often that was asked for: a part of Stripe''s idempotency key.';
comment on column billing.subscriptions.amount_minor
  is 'the price that the subscription has at Stripe for its next period';
comment on column billing.subscriptions.plan
  is 'with plan_version: what says that price; null: the plan default of an account that was never opened';
create index subscriptions_ending on billing.subscriptions (current_period_end) where status not in ('canceled',
  'incomplete_expired');

create table billing.invoices (
  invoice_id text not null,
  subscription_id text not null,
  customer_id text not null,
  status text not null check (status in ('open', 'failed', 'paid', 'voided', 'uncollectible')),
  amount_minor bigint not null,
  currency text not null,
  period_start timestamptz not null,
  told_at timestamptz not null,
  paid_at timestamptz,
  credit_minor bigint not null default 0 check (credit_minor >= 0),
  constraint invoices_pkey primary key (invoice_id)
);
create index invoices_by_customer on billing.invoices (customer_id, period_start);
comment on table billing.invoices is 'Invoices of monthly fees as Stripe told them; paid and voided are final.';
comment on column billing.invoices.period_start
  is 'Start of the fee''s period; for the first fee, when the subscription was made.';
comment on column billing.invoices.paid_at is 'When Stripe took the money; null: it is not paid.';
comment on column billing.invoices.credit_minor
  is 'What credits paid of it, beside amount_minor: the fee is the sum of both.';
create function billing.date_payment() returns trigger language plpgsql as $$
begin
  if new.status = 'paid' and new.paid_at is null then new.paid_at := new.told_at; end if;
  return new;
end $$;
create trigger invoices_dated before insert or update on billing.invoices for each row
  execute function billing.date_payment();
alter table billing.invoices enable always trigger invoices_dated;

create table billing.fee_events (
  invoice_id text not null,
  number integer not null check (number > 0),
  type text not null,
  actor text not null,
  address text,
  reason text,
  occurred_at timestamptz not null,
  constraint fee_events_pkey primary key (invoice_id, number),
  constraint fee_events_invoice_fkey foreign key (invoice_id) references billing.invoices (invoice_id)
);
comment on table billing.fee_events is 'What people decided about fees. Append-only.';

create table billing.billing_answers (
  operation text not null,
  scope text not null,
  request_key text not null,
  content_hash text not null,
  answer jsonb,
  constraint billing_answers_once primary key (operation, scope, request_key)
);
comment on table billing.billing_answers is 'First answers under an Idempotency-Key; kept for ever.';
${appendOnly('fee_events')}
${keptInHistory('invoices', 'invoice_id', 'told_at')}
grant select, insert, update on billing.subscriptions, billing.invoices, billing.billing_answers to tollgate_billing;
`,
} as const;
