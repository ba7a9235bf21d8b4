/** Auto top-up of wallets: terms, every purchase, each state of both, and what was paid back at Stripe by hand. */
export const createTopUps = {
  name: '20261128010000-create-topups',
  sql: `
create table billing.auto_topups (
  account text not null,
  user_id text not null,
  below bigint not null check (below >= 0),
  units bigint not null check (units > 0),
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  day_max_minor bigint not null check (day_max_minor >= amount_minor),
  month_max_minor bigint not null check (month_max_minor >= day_max_minor),
  failures_max integer not null check (failures_max > 0),
  failures integer not null default 0,
  reason text,
  paused_at timestamptz,
  next_try_at timestamptz,
  waits_for text check (waits_for in ('refusal', 'ceiling')),
  version integer not null default 1,
  changed_by text not null,
  changed_from text,
  changed_at timestamptz not null,
  constraint auto_topups_pkey primary key (account)
);
comment on table billing.auto_topups is
  'Wallets that are topped up by themselves: terms, and how the last attempts went.';
comment on column billing.auto_topups.next_try_at
  is 'By the platform''s clock: nothing is bought before; null: as soon as the wallet is low.';

create table billing.topups (
  id uuid not null,
  account text not null,
  user_id text not null,
  units bigint not null check (units > 0),
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  status text not null check (status in ('pending', 'processing', 'paid', 'succeeded', 'failed', 'unresolved')),
  reason text,
  available_before bigint not null,
  request jsonb not null,
  payment_intent text,
  attempts integer not null default 0,
  unanswered integer not null default 0,
  paid_at timestamptz,
  appended_at timestamptz,
  next_try_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint topups_pkey primary key (id),
  constraint topups_paid check ((paid_at is not null) = (status in ('paid', 'succeeded', 'unresolved')))
);
create unique index topups_open_once on billing.topups (account) where status in ('pending', 'processing', 'paid');
create index topups_due on billing.topups (next_try_at) where status in ('pending', 'processing', 'paid');
create index topups_of on billing.topups (account, created_at desc, id);
create index topups_newest on billing.topups (created_at desc, id);
create unique index topups_payment_once on billing.topups (payment_intent);
comment on table billing.topups is
  'Purchases of units for wallets: one PaymentIntent, whose idempotency key is the id, and one grant in the ledger.';

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

create table billing.topup_history (
  position bigint generated always as identity,
  kind text not null check (kind in ('topups', 'auto_topups')),
  id text not null,
  at timestamptz not null,
  content jsonb not null,
  constraint topup_history_pkey primary key (position)
);
create index topup_history_of on billing.topup_history (kind, id, position);
comment on table billing.topup_history is
  'Each state of top-ups and their terms, in the order in which they came about. Append-only.';
create trigger topup_history_append_only before update or delete on billing.topup_history for each statement
  execute function billing.refuse_rewriting();
create trigger topup_history_no_truncate before truncate on billing.topup_history for each statement
  execute function billing.refuse_rewriting();
alter table billing.topup_history enable always trigger topup_history_append_only;
alter table billing.topup_history enable always trigger topup_history_no_truncate;
create function billing.keep_topup() returns trigger language plpgsql as $$
begin
  insert into billing.topup_history (kind, id, at, content) values ('topups', new.id::text, new.updated_at,
    to_jsonb(new));
  return null;
end $$;
create function billing.keep_auto_topup() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    insert into billing.topup_history (kind, id, at, content)
      values ('auto_topups', old.account, old.changed_at, to_jsonb(old) || '{"removed": true}');
  else
    insert into billing.topup_history (kind, id, at, content)
      values ('auto_topups', new.account, new.changed_at, to_jsonb(new));
  end if;
  return null;
end $$;
create trigger topups_history after insert or update on billing.topups for each row
  execute function billing.keep_topup();
alter table billing.topups enable always trigger topups_history;
create trigger auto_topups_history after insert or update or delete on billing.auto_topups for each row
  execute function billing.keep_auto_topup();
alter table billing.auto_topups enable always trigger auto_topups_history;

grant select, insert, update, delete on billing.auto_topups to tollgate_billing;
grant select, insert, update on billing.topups to tollgate_billing;
grant select, insert, update on billing.topup_refunds to tollgate_billing;
grant select, insert on billing.topup_history to tollgate_billing;
`,
} as const;
