import { appendOnly, keptInHistory } from './append-only.ts';

/**
 * What corrections do to paid charges (rule 18, ADR 19): credits, and refunds,
  which finance approves one by one. Each step
 * of a refund is an event of its charge.
 */
export const createRefunds = {
  name: '20261121113000-create-refunds',
  sql: `
create table billing.credit_notes (
  id uuid not null,
  charge_id uuid not null,
  amount_minor bigint not null check (amount_minor <> 0),
  currency text not null,
  reason text not null check (reason in ('corrected', 'regained')),
  reverses uuid,
  created_at timestamptz not null,
  constraint credit_notes_pkey primary key (id),
  constraint credit_notes_reversed_once unique (reverses),
  constraint credit_notes_charge_fkey foreign key (charge_id) references billing.charges (id),
  constraint credit_notes_reverses_fkey foreign key (reverses) references billing.credit_notes (id),
  constraint credit_notes_sign check ((reverses is null) = (amount_minor > 0))
);
create index credit_notes_by_charge on billing.credit_notes (charge_id);
comment on table billing.credit_notes is
  'Paid blocks that a correction took away, and, with a negative amount, '
    'credits taken back when the block was entered again. Append-only.';

create table billing.past_payments (
  charge_id uuid not null,
  series integer not null,
  payment_intent text not null,
  amount_minor bigint not null,
  currency text not null,
  ended_at timestamptz not null,
  paid_at timestamptz,
  constraint past_payments_pkey primary key (charge_id, series),
  constraint past_payments_intent_once unique (payment_intent),
  constraint past_payments_charge_fkey foreign key (charge_id) references billing.charges (id)
);
comment on table billing.past_payments is
  'Payments that were refunded whole before their block was entered again and charged anew. Append-only.';

create table billing.refunds (
  id uuid not null,
  charge_id uuid not null,
  credit_note_id uuid,
  payment_intent text not null,
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  origin text not null check (origin in ('credit', 'stripe')),
  status text not null check (status in ('proposed', 'approved', 'processing', 'succeeded', 'failed', 'declined',
    'withdrawn')),
  reason text,
  decided_by text,
  stripe_refund text,
  attempts integer not null default 0,
  unanswered integer not null default 0,
  attempt_open boolean not null default false,
  next_try_at timestamptz,
  succeeded_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  first_approval text,
  apply_to text,
  constraint refunds_pkey primary key (id),
  constraint refunds_credit_once unique (credit_note_id),
  constraint refunds_stripe_once unique (stripe_refund),
  constraint refunds_charge_fkey foreign key (charge_id) references billing.charges (id),
  constraint refunds_credit_fkey foreign key (credit_note_id) references billing.credit_notes (id),
  constraint refunds_end_untried check (next_try_at is null or status in ('approved', 'processing'))
);
create index refunds_due on billing.refunds (next_try_at) where next_try_at is not null;
create index refunds_by_charge on billing.refunds (charge_id);
create index refunds_by_intent on billing.refunds (payment_intent);
create index refunds_newest on billing.refunds (created_at desc, id);
comment on table billing.refunds
  is 'What may be, or was, paid back of a charge: proposals of credits, and refunds that somebody made at '
    'Stripe itself. Nothing is refunded unless it was approved.';
comment on column billing.refunds.origin is 'credit: proposed with a credit note; stripe: made by hand at Stripe.';
comment on column billing.refunds.first_approval
  is 'Who gave the first of two approvals of a refund above the sum of FOUR_EYES_ABOVE.';
comment on column billing.refunds.apply_to
  is 'The customer at Stripe whose next invoice is lowered by it, by an invoice item; null: it is paid back, '
    'or not decided.';
comment on column billing.refunds.reason is 'Why it failed, was declined or withdrawn.';

create table billing.refund_attempts (
  refund_id uuid not null,
  number integer not null check (number > 0),
  idempotency_key text not null,
  request jsonb not null,
  started_at timestamptz not null,
  constraint refund_attempts_pkey primary key (refund_id, number),
  constraint refund_attempts_refund_fkey foreign key (refund_id) references billing.refunds (id)
);
comment on table billing.refund_attempts
  is 'What was sent to Stripe for a refund, stored before the first call and never changed. Append-only.';
${appendOnly('credit_notes', 'past_payments', 'refund_attempts')}
${keptInHistory('refunds', 'id', 'updated_at')}
grant select, insert, update on billing.refunds to tollgate_billing;
`,
} as const;
