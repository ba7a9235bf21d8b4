/** Fees that end unpaid, and who decided so. */
export const endFees = {
  name: '20261127231000-end-fees',
  sql: `
alter table billing.invoices drop constraint invoices_status_check;
alter table billing.invoices add constraint invoices_status_check check (status in ('open', 'failed', 'paid', 'voided',
  'uncollectible'));
comment on table billing.invoices is 'Invoices of monthly fees as Stripe told them; paid and voided are final.';

create table billing.fee_events (
  invoice_id text not null,
  number integer not null check (number > 0),
  type text not null,
  actor text not null,
  address text,
  reason text,
  occurred_at timestamptz not null,
  constraint fee_events_pkey primary key (invoice_id, number),
  constraint fee_events_invoice_fkey foreign key (invoice_id) references billing.invoices (invoice_id)
);
comment on table billing.fee_events is 'What people decided about fees. Append-only.';
create trigger fee_events_append_only before update or delete on billing.fee_events for each statement
  execute function billing.refuse_rewriting();
create trigger fee_events_no_truncate before truncate on billing.fee_events for each statement
  execute function billing.refuse_rewriting();
alter table billing.fee_events enable always trigger fee_events_append_only;
alter table billing.fee_events enable always trigger fee_events_no_truncate;
grant select, insert on billing.fee_events to tollgate_billing;
`,
} as const;
