/** Rows of a table as they were, by the platform's clock; the moment a row of it changed is in `column`. */
const kept = [
  ['charges', 'id', 'updated_at'],
  ['refunds', 'id', 'updated_at'],
  ['invoices', 'invoice_id', 'told_at'],
] as const;

/**
 * When money moved, beside when the books heard of it; and every state of charges, refunds and invoices, so that
 * figures can be shown as they were at a time.
 */
export const keepHistory = {
  name: '20261127233000-keep-history',
  sql: `
alter table billing.charges add column paid_at timestamptz;
comment on column billing.charges.paid_at is 'When Stripe took the money of the payment in use; null: it is not paid.';
alter table billing.past_payments add column paid_at timestamptz;
alter table billing.invoices add column paid_at timestamptz;
comment on column billing.invoices.paid_at is 'When Stripe took the money; null: it is not paid.';

create function billing.date_payment() returns trigger language plpgsql as $$
begin
  if new.status = 'paid' and new.paid_at is null then new.paid_at := new.told_at; end if;
  return new;
end $$;
create trigger invoices_dated before insert or update on billing.invoices for each row
  execute function billing.date_payment();
alter table billing.invoices enable always trigger invoices_dated;

create table billing.history (
  position bigint generated always as identity,
  kind text not null check (kind in ('charges', 'refunds', 'invoices')),
  id text not null,
  at timestamptz not null,
  content jsonb not null,
  constraint history_pkey primary key (position)
);
create index history_of on billing.history (kind, id, position);
comment on table billing.history is 'Each state of charges, refunds and invoices, in the order in which they came about. Append-only.';
create trigger history_append_only before update or delete on billing.history for each statement
  execute function billing.refuse_rewriting();
create trigger history_no_truncate before truncate on billing.history for each statement
  execute function billing.refuse_rewriting();
alter table billing.history enable always trigger history_append_only;
alter table billing.history enable always trigger history_no_truncate;
grant select, insert on billing.history to tollgate_billing;
${kept
  .map(
    ([table, id, at]) => `
create function billing.keep_${table}() returns trigger language plpgsql as $$
begin
  insert into billing.history (kind, id, at, content) values ('${table}', new.${id}::text, new.${at}, to_jsonb(new));
  return null;
end $$;
create trigger ${table}_history after insert or update on billing.${table} for each row
  execute function billing.keep_${table}();
alter table billing.${table} enable always trigger ${table}_history;`,
  )
  .join('')}
`,
} as const;
