/**
 * Events out: endpoints of subscribers, what is to be delivered to them, and every attempt. The rows are the outbox
 * (ADR 0017). Secrets are sealed, and rotate with an overlap in which both sign.
 */
export const createWebhooks = {
  name: '20261121114000-create-webhooks',
  sql: `
create table billing.webhook_endpoints (
  id uuid not null,
  url text not null,
  events text[] not null,
  account_prefix text,
  balance_below bigint,
  description text,
  enabled boolean not null,
  disabled_reason text,
  secret text not null,
  created_at timestamptz not null,
  removed_at timestamptz,
  secret_before text,
  secret_before_until timestamptz,
  thresholds smallint[] not null default '{80,100}',
  constraint webhook_endpoints_pkey primary key (id)
);
comment on table billing.webhook_endpoints is 'Subscribers; a removed one is marked, and its secret erased.';
comment on column billing.webhook_endpoints.secret
  is 'sealed with WEBHOOK_ENCRYPTION_KEY for this row; empty once removed';
comment on column billing.webhook_endpoints.secret_before is 'signs too, until secret_before_until';
comment on column billing.webhook_endpoints.thresholds
  is 'Shares of limits, allowances and balances at which a subscriber of account.threshold is told, in percent.';

create table billing.webhook_feeds (
  feed text not null,
  positions jsonb not null,
  constraint webhook_feeds_pkey primary key (feed)
);
comment on table billing.webhook_feeds is
  'How far each source of events was read: partition → sequence number. No row: nobody subscribes.';

create table billing.webhook_messages (
  id text not null,
  type text not null,
  payload text not null,
  created_at timestamptz not null,
  constraint webhook_messages_once primary key (id)
);
create index webhook_messages_by_age on billing.webhook_messages (created_at);
comment on table billing.webhook_messages
  is 'What is told, once an event: the body as it is signed and sent. Kept 30 days.';

create table billing.webhook_deliveries (
  id bigint generated always as identity,
  endpoint uuid not null,
  message text not null,
  status text not null check (status in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  next_try_at timestamptz,
  created_at timestamptz not null,
  constraint webhook_deliveries_pkey primary key (id),
  constraint webhook_deliveries_once unique (endpoint, message),
  constraint webhook_deliveries_endpoint_fkey foreign key (endpoint) references billing.webhook_endpoints (id),
  constraint webhook_deliveries_message_fkey foreign key (message) references billing.webhook_messages (id)
    on delete cascade
);
create index webhook_deliveries_due on billing.webhook_deliveries (endpoint, next_try_at, id) where status = 'pending';
create index webhook_deliveries_by_message on billing.webhook_deliveries (message);
create index webhook_deliveries_newest on billing.webhook_deliveries (endpoint, id desc);
comment on column billing.webhook_deliveries.next_try_at
  is 'By the real clock. While an attempt is under way: when another may begin, should this process have died.';

create table billing.webhook_attempts (
  delivery bigint not null,
  started_at timestamptz not null,
  status_code integer,
  error text,
  duration_ms integer not null,
  constraint webhook_attempts_delivery_fkey foreign key (delivery) references billing.webhook_deliveries (id)
    on delete cascade
);
create index webhook_attempts_by_delivery on billing.webhook_attempts (delivery, started_at desc);
comment on table billing.webhook_attempts is 'Every answer, or none, of a subscriber; never its body.';

grant select, insert, update on billing.webhook_endpoints, billing.webhook_feeds,
  billing.webhook_deliveries to tollgate_billing;
grant delete on billing.webhook_feeds, billing.webhook_messages to tollgate_billing;
grant select, insert on billing.webhook_messages, billing.webhook_attempts to tollgate_billing;
`,
} as const;
