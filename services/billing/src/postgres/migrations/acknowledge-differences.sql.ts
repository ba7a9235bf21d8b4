/** Tables whose rows no role can change or remove. */
const appendOnly = ['acknowledgements', 'assigned_payments'];

/** What finance decided about differences that a comparison with Stripe finds, and that no fix mends. */
export const acknowledgeDifferences = {
  name: '20261127235501-acknowledge-differences',
  sql: `
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
  is 'Differences that somebody has looked at: they do not count until then, as long as they say the same. Append-only.';
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
`,
} as const;
