import { appendOnly, keptInHistory } from './append-only.ts';

/**
 * Tier blocks and their payment (surfaces §5, rules 18,
  25–27). `charges` is where a charge stands; `charge_attempts` holds
 * what was sent to Stripe, stored before it is sent, and `charge_events` all that ever happened to a charge.
 */
export const createCharges = {
  name: '20261121110000-create-charges',
  sql: `
create function billing.refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name,
    tg_op using errcode = 'insufficient_privilege';
end $$;

create table billing.history (
  position bigint generated always as identity,
  kind text not null check (kind in ('charges', 'refunds', 'invoices')),
  id text not null,
  at timestamptz not null,
  content jsonb not null,
  constraint history_pkey primary key (position)
);
create index history_of on billing.history (kind, id, position);
comment on table billing.history
  is 'Each state of charges, refunds and invoices, in the order in which they came about. Append-only.';
${appendOnly('history')}

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
  owed boolean not null default true,
  series integer not null default 0,
  credit_note uuid,
  cancel_sent boolean not null default false,
  paid_at timestamptz,
  constraint charges_pkey primary key (id),
  constraint charges_block_once unique (account, period_start, block),
  constraint charges_payment_intent_once unique (payment_intent),
  constraint charges_end_untried check (next_try_at is null or status not in ('succeeded', 'cancelled'))
);
create index charges_due on billing.charges (next_try_at) where next_try_at is not null;
create index charges_by_user on billing.charges (user_id, period_start);
create index charges_newest on billing.charges (created_at desc, id);
comment on table billing.charges
  is 'One tier block of one period of an account, charged once. A projection of charge_events.';
comment on column billing.charges.amount_minor is 'In minor units of the currency; fixed when the charge is opened.';
comment on column billing.charges.crossed_at
  is 'When the ledger recorded the crossing; null: not told. Long ago: Stripe may know the charge already (rule 26).';
comment on column billing.charges.reason is 'Why it is pending, failed or cancelled: a short code.';
comment on column billing.charges.next_try_at is 'By the platform''s clock; null: nothing is tried by itself.';
comment on column billing.charges.credited_at
  is 'When a correction turned what was paid into a credit; null: it is owed (rule 18).';

comment on column billing.charges.owed is
  'Whether the usage of the period still enters the block, as far as the ledger told (rule 18).';
comment on column billing.charges.series
  is 'How many PaymentIntents ended before the one in use: cancelled at Stripe, or refunded, and the block '
    'entered again.';
comment on column billing.charges.credit_note is 'The credit in force; null: none.';
comment on column billing.charges.cancel_sent is 'Whether we asked Stripe to cancel the PaymentIntent in use.';
comment on column billing.charges.paid_at
  is 'When Stripe took the money of the payment in use; null: it is not paid.';

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
${appendOnly('charge_attempts', 'charge_events')}
${keptInHistory('charges', 'id', 'updated_at')}
grant select, insert, update on billing.charges, billing.charge_outbox, billing.crossing_positions to tollgate_billing;
grant select, insert on billing.shown_charges to tollgate_billing;
`,
} as const;
