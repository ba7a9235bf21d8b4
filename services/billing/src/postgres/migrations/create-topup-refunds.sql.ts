/** What was paid back of top-ups, at Stripe and by hand: the units are a person's to take back. */
export const createTopUpRefunds = {
  name: '20261128012000-create-topup-refunds',
  sql: `
create table billing.topup_refunds (
  stripe_refund text not null,
  topup_id uuid not null,
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  status text not null check (status in ('processing', 'succeeded', 'failed')),
  succeeded_at timestamptz,
  told_at timestamptz not null,
  constraint topup_refunds_pkey primary key (stripe_refund),
  constraint topup_refunds_topup_fkey foreign key (topup_id) references billing.topups (id),
  constraint topup_refunds_succeeded check ((succeeded_at is not null) = (status = 'succeeded'))
);
create index topup_refunds_of on billing.topup_refunds (topup_id);
comment on table billing.topup_refunds is 'Refunds of top-ups, as Stripe told them.';
grant select, insert, update on billing.topup_refunds to tollgate_billing;
`,
} as const;
