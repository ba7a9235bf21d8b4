import { appendOnly } from './append-only.ts';

/**
 * Comparisons of Stripe with the books: where each is, what it has read, what it found, and what finance decided about
 * differences that no fix mends.
 */
export const createReconciliations = {
  name: '20261121170000-create-reconciliations',
  sql: `
create table billing.reconciliations (
  id uuid not null,
  period text not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  starts_from timestamptz not null,
  starts_to timestamptz not null,
  fix boolean not null,
  state text not null check (state in ('running', 'done', 'failed', 'abandoned')),
  step text not null,
  cursor text,
  version integer not null default 0,
  read bigint not null default 0,
  expected bigint not null,
  under_way bigint not null default 0,
  trouble text,
  started_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  number bigint generated always as identity,
  constraint reconciliations_pkey primary key (id)
);
create unique index reconciliations_running_once on billing.reconciliations (period) where state = 'running';
comment on table billing.reconciliations
  is 'One comparison of Stripe with the books over a month; step and cursor say where it goes on after a crash.';
comment on column billing.reconciliations.number
  is 'In the order in which they began: two of one moment have an order too.';

create table billing.reconciliation_found (
  run uuid not null,
  kind text not null check (kind in ('payment', 'invoice_payment', 'invoice', 'refund', 'crossing')),
  id text not null,
  charge_id uuid,
  facts jsonb not null,
  constraint reconciliation_found_pkey primary key (run, kind, id),
  constraint reconciliation_found_run_fkey foreign key (run) references billing.reconciliations (id)
);
create index reconciliation_found_by_charge on billing.reconciliation_found (run, charge_id)
  where charge_id is not null;
comment on table billing.reconciliation_found
  is 'What a comparison has read of Stripe and of the ledger: ids and amounts, no names, no cards; removed '
    'when it ends.';

create table billing.reconciliation_differences (
  run uuid not null,
  number bigint generated always as identity,
  kind text not null,
  reference text not null,
  charge_id uuid,
  payment_intent text,
  account text,
  reason text not null,
  fix text check (fix in ('take_state', 'open_charge', 'take_invoice', 'take_refund')),
  proposal text,
  outcome text check (outcome in ('fixed', 'remains')),
  constraint reconciliation_differences_pkey primary key (run, number),
  constraint reconciliation_differences_once unique (run, kind, reference),
  constraint reconciliation_differences_run_fkey foreign key (run) references billing.reconciliations (id)
);
comment on table billing.reconciliation_differences is 'What a comparison found; the outcome is that of fix.';

create table billing.acknowledgements (
  position bigint generated always as identity,
  kind text not null,
  reference text not null,
  difference text not null,
  reason text not null,
  actor text not null,
  address text,
  at timestamptz not null,
  until timestamptz not null,
  constraint acknowledgements_pkey primary key (position),
  constraint acknowledgements_for_a_while check (until > at)
);
create index acknowledgements_of on billing.acknowledgements (kind, reference, until);
comment on table billing.acknowledgements
  is 'Differences that somebody has looked at: they do not count until then, as long as they say the same. '
    'Append-only.';
comment on column billing.acknowledgements.difference
  is 'What the difference said; one that says something else is another one.';

create table billing.assigned_payments (
  payment_intent text not null,
  user_id text not null,
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  paid_at timestamptz not null,
  reason text not null,
  actor text not null,
  address text,
  at timestamptz not null,
  constraint assigned_payments_pkey primary key (payment_intent)
);
comment on table billing.assigned_payments
  is 'Payments at Stripe that no charge asked for, and whose they are. Append-only.';
${appendOnly('acknowledgements', 'assigned_payments')}

grant select, insert, update on billing.reconciliations to tollgate_billing;
grant select, insert, delete on billing.reconciliation_found to tollgate_billing;
grant select, insert, update (outcome) on billing.reconciliation_differences to tollgate_billing;
`,
} as const;
