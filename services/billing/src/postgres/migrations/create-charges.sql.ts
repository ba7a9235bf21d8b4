/** Tables whose rows are never changed or removed, whoever asks. */
const appendOnly = ['charge_attempts', 'charge_events'];

/**
 * Charges, customers and subscriptions (surfaces §5, rules 25–27). `charges` is where a charge stands;
 * `charge_attempts` holds what was sent to Stripe, stored before it is sent, and `charge_events` all that ever happened
 * to a charge.
 */
export const createCharges = {
  name: '20261121110000-create-charges',
  sql: `
create table billing.customers (
  user_id text not null,
  customer_id text,
  payment_method text,
  payment_method_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint customers_pkey primary key (user_id)
);
create index customers_by_customer on billing.customers (customer_id);
comment on table billing.customers is 'Who pays for a user. What Stripe knows of them (names, cards) stays at Stripe.';
comment on column billing.customers.payment_method_at
  is 'When Stripe attached it: an older message about another one changes nothing.';

create table billing.charges (
  id uuid not null,
  account text not null,
  user_id text,
  period_start timestamptz not null,
  period_end timestamptz not null,
  block bigint not null check (block > 0),
  plan text not null,
  billing_tier text not null,
  amount_minor bigint not null check (amount_minor >= 0),
  currency text not null,
  entry text not null,
  crossed_at timestamptz,
  status text not null check (status in ('pending', 'processing', 'succeeded', 'requires_action', 'failed',
    'cancelled')),
  reason text,
  payment_intent text,
  attempts integer not null default 0,
  refusals integer not null default 0,
  unanswered integer not null default 0,
  attempt_open boolean not null default false,
  next_try_at timestamptz,
  version integer not null,
  credited_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint charges_pkey primary key (id),
  constraint charges_block_once unique (account, period_start, block),
  constraint charges_payment_intent_once unique (payment_intent),
  constraint charges_end_untried check (next_try_at is null or status not in ('succeeded', 'cancelled'))
);
create index charges_due on billing.charges (next_try_at) where next_try_at is not null;
create index charges_by_user on billing.charges (user_id, period_start);
create index charges_newest on billing.charges (created_at desc, id);
comment on table billing.charges is 'One tier block of one period of an account, charged once. A projection of charge_events.';
comment on column billing.charges.amount_minor is 'In minor units of the currency; fixed when the charge is opened.';
comment on column billing.charges.crossed_at
  is 'When the ledger recorded the crossing; null: not told. Long ago: Stripe may know the charge already (rule 26).';
comment on column billing.charges.reason is 'Why it is pending, failed or cancelled: a short code.';
comment on column billing.charges.next_try_at is 'By the platform''s clock; null: nothing is tried by itself.';
comment on column billing.charges.credited_at
  is 'When a correction turned what was paid into a credit; null: it is owed (rule 18).';

create table billing.charge_attempts (
  charge_id uuid not null,
  number integer not null check (number > 0),
  kind text not null check (kind in ('create', 'confirm', 'cancel')),
  idempotency_key text not null,
  request jsonb not null,
  started_at timestamptz not null,
  constraint charge_attempts_pkey primary key (charge_id, number),
  constraint charge_attempts_charge_fkey foreign key (charge_id) references billing.charges (id)
);
comment on table billing.charge_attempts
  is 'What was sent to Stripe for a charge, stored before the first call and never changed. Append-only.';

create table billing.charge_events (
  charge_id uuid not null,
  number integer not null check (number > 0),
  type text not null,
  status text not null,
  data jsonb not null,
  occurred_at timestamptz not null,
  constraint charge_events_pkey primary key (charge_id, number),
  constraint charge_events_charge_fkey foreign key (charge_id) references billing.charges (id)
);
comment on table billing.charge_events is
  'All that happened to a charge, numbered; status: the one after it. Append-only.';

create table billing.charge_outbox (
  position bigint generated always as identity,
  charge_id uuid not null,
  number integer not null,
  partition integer,
  partition_seq bigint,
  appended_at timestamptz,
  constraint charge_outbox_pkey primary key (position),
  constraint charge_outbox_event_once unique (charge_id, number),
  constraint charge_outbox_seq_once unique (partition, partition_seq)
);
create index charge_outbox_outstanding on billing.charge_outbox (position) where appended_at is null;
comment on table billing.charge_outbox is
  'Which events billing.charges.v1 has; numbered a partition when first published (rule 25).';

create table billing.crossing_positions (
  partition integer not null,
  partition_seq bigint not null,
  block bigint not null,
  constraint crossing_positions_pkey primary key (partition)
);
comment on table billing.crossing_positions
  is 'The last crossing taken of each partition of the ledger; what is not above it is a repeat (rule 25).';

create table billing.shown_charges (
  charge_id uuid not null,
  status text not null,
  constraint shown_charges_pkey primary key (charge_id)
);
comment on table billing.shown_charges is
  'What the first answer under an Idempotency-Key said of a charge, for its repetitions.';

create table billing.stripe_events (
  id text not null,
  type text not null,
  created_at timestamptz not null,
  received_at timestamptz not null,
  facts jsonb not null,
  outcome text,
  handled_at timestamptz,
  constraint stripe_events_once primary key (id)
);
create index stripe_events_open on billing.stripe_events (received_at) where handled_at is null;
comment on table billing.stripe_events is
  'Inbox of Stripe''s webhooks: each event once, reduced to ids and amounts (no names, no cards).';

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
  constraint subscriptions_pkey primary key (id),
  constraint subscriptions_subscription_once unique (subscription_id)
);
create unique index subscriptions_one_running on billing.subscriptions (customer_id) where status not in ('canceled',
  'incomplete_expired');
comment on table billing.subscriptions is
  'Monthly fees; the row is there before Stripe is asked, so that its id is the idempotency key.';
comment on column billing.subscriptions.told_at
  is 'Time of the newest message about it that was applied; older ones change nothing.';

create table billing.invoices (
  invoice_id text not null,
  subscription_id text not null,
  customer_id text not null,
  status text not null check (status in ('open', 'paid', 'failed')),
  amount_minor bigint not null,
  currency text not null,
  period_start timestamptz not null,
  told_at timestamptz not null,
  constraint invoices_pkey primary key (invoice_id)
);
create index invoices_by_customer on billing.invoices (customer_id, period_start);
comment on table billing.invoices is 'Invoices of monthly fees as Stripe told them; paid is final.';
comment on column billing.invoices.period_start
  is 'Start of the fee''s period; for the first fee, when the subscription was made.';

create table billing.billing_answers (
  operation text not null,
  scope text not null,
  request_key text not null,
  content_hash text not null,
  answer jsonb,
  constraint billing_answers_once primary key (operation, scope, request_key)
);
comment on table billing.billing_answers is 'First answers under an Idempotency-Key; kept for ever.';

create function billing.refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name,
    tg_op using errcode = 'insufficient_privilege';
end $$;
${appendOnly
  .map(
    (table) => `
create trigger ${table}_append_only before update or delete on billing.${table} for each statement
  execute function billing.refuse_rewriting();
create trigger ${table}_no_truncate before truncate on billing.${table} for each statement
  execute function billing.refuse_rewriting();
alter table billing.${table} enable always trigger ${table}_append_only;
alter table billing.${table} enable always trigger ${table}_no_truncate;
grant select, insert on billing.${table} to tollgate_billing;`,
  )
  .join('')}
grant select, insert, update on billing.customers, billing.charges, billing.charge_outbox, billing.crossing_positions,
  billing.stripe_events,
  billing.subscriptions, billing.invoices, billing.billing_answers to tollgate_billing;
grant select, insert on billing.shown_charges to tollgate_billing;
`,
} as const;
