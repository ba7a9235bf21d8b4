/** What Stripe told us by webhooks. */
export const createStripeInbox = {
  name: '20261121111000-create-stripe-inbox',
  sql: `
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
grant select, insert, update on billing.stripe_events to tollgate_billing;
`,
} as const;
