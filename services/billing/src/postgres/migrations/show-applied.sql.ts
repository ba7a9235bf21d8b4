/**
 * What became of credits whose refund was declined: applied to an invoice, or forfeited. A fee is shown whole, and the
 * credit apart.
 */
export const showApplied = {
  name: '20261127235100-show-applied',
  sql: `
create or replace view finance.fees as
select i.invoice_id, i.subscription_id, i.customer_id, u.user_id, finance.month_at(i.period_start) as month,
  i.period_start, i.amount_minor + i.credit_minor as amount_minor, i.currency,
  finance.decimal(i.amount_minor + i.credit_minor, i.currency) as amount, i.status, i.paid_at, case when i.paid_at
    is not null then finance.month_at(i.paid_at) end as cash_month, i.told_at,
  i.credit_minor, i.amount_minor as net_minor
from finance.invoices_then i
left join lateral (select user_id from billing.customers where customer_id = i.customer_id
  order by user_id limit 1) u on true;
comment on view finance.fees is 'invoices of monthly fees, as Stripe told them: the fee, what credits paid of it, and the rest';

create or replace view finance.refunds as
select r.id, r.charge_id, r.credit_note_id, c.user_id, finance.month_of(c.period_start, c.period_end) as month,
  r.payment_intent, r.amount_minor, r.currency,
  finance.decimal(r.amount_minor, r.currency) as amount, r.origin, r.status, r.reason, r.decided_by, r.stripe_refund,
    r.succeeded_at,
  case when r.succeeded_at is not null and r.apply_to is null then finance.month_at(r.succeeded_at) end as cash_month,
    r.created_at,
  case when r.apply_to is not null then 'invoice' when r.status = 'declined' then 'forfeit' else 'refund' end as method
from finance.refunds_then r join billing.charges c on c.id = r.charge_id;

create or replace view finance.credit_notes as
select n.id, n.charge_id, c.user_id, finance.month_of(c.period_start, c.period_end) as month, n.created_at
  as credited_at, n.amount_minor, n.currency,
  finance.decimal(n.amount_minor, n.currency) as amount, n.reason, n.reverses, r.id as refund_id,
    r.status as refund_status,
  case when r.status = 'declined' then 'credit of ' || r.sum || ' forfeited' || coalesce(': ' || r.reason, '')
    when r.status = 'withdrawn' then 'refund ' || r.sum || ': withdrawn, the block is owed again'
    when r.apply_to is not null then 'credit of ' || r.sum || case r.status
      when 'succeeded' then ' applied to the next invoice' when 'failed' then ': could not be applied' || coalesce(' ('
        || r.reason || ')', '') else ': on its way to the next invoice' end
    when r.status = 'succeeded' then r.sum || ' of ' || r.payment_intent || ' refunded on ' || to_char(r.succeeded_at
      at time zone finance.zone_at(r.succeeded_at), 'YYYY-MM-DD')
    else 'refund ' || r.sum || ' of ' || r.payment_intent || case r.status when 'proposed' then ': proposed'
      when 'approved' then ': approved, to be sent'
      when 'processing' then ': under way at Stripe' else ': failed' || coalesce(' (' || r.reason || ')', '') end end
        as proposal,
  k.corrected_entry, k.correction, k.correction_reason
from billing.credit_notes n
join billing.charges c on c.id = n.charge_id
left join (select *, finance.decimal(amount_minor, currency) || ' ' || currency as sum
  from finance.refunds_then) r on r.credit_note_id = n.id
left join lateral (
  select case when cause.corrects is not null then cause.partition || '-' || cause.corrects end as corrected_entry,
    cause.partition || '-' || cause.partition_seq as correction,
    d.content ->> 'reason' as correction_reason
  from ledger.block_changes b
  join ledger.accounts a on a.partition = b.partition and a.account = b.account
  join ledger.entries e on e.partition = b.partition and e.partition_seq = b.partition_seq
  -- A budget's row names the entry below it.
  join ledger.entries cause on cause.partition = e.partition and cause.partition_seq = case
    when e.kind = 15 then e.request_id::bigint else e.partition_seq end
  left join ledger.details d on d.partition = cause.partition and d.partition_seq = cause.partition_seq
  where a.id = c.account and b.period_start = c.period_start and b.block = c.block and b.change = 'left'
    and e.recorded_at <= n.created_at and n.reverses is null
  order by b.partition_seq desc limit 1
) k on true
where n.created_at <= finance.as_of();

create view finance.forfeited as
select r.id, r.user_id, r.month, r.charge_id, r.amount_minor, r.currency, r.reason, t.updated_at as at
from finance.refunds r join finance.refunds_then t on t.id = r.id
-- A credit that was taken back, because its block was entered again, is nothing to forfeit any more.
where r.method = 'forfeit' and not exists (select from billing.credit_notes n where n.reverses = r.credit_note_id
  and n.created_at <= finance.as_of());

create or replace view finance.revenue_live as
select month, currency, kind, count(*) as count, sum(amount_minor)::bigint as amount_minor,
  finance.decimal(sum(amount_minor), currency) as amount
from (
  select month, currency, 'usage' as kind, amount_minor from finance.payments
  union all select month, currency, 'fee', amount_minor from finance.fees where status = 'paid'
  union all select month, currency, 'credit', -amount_minor from finance.credit_notes
  union all select month, currency, 'forfeit', amount_minor from finance.forfeited
  union all select month, currency, 'refund', -amount_minor from finance.refunds
    where status = 'succeeded' and credit_note_id is null
) as paid group by month, currency, kind;

create or replace view finance.cash as
select cash_month as month, month as service_month, kind, reference, belongs_to, user_id, amount_minor, currency,
  finance.decimal(amount_minor, currency) as amount, at from (
  select cash_month, month, 'payment' as kind, payment_intent as reference, charge_id::text as belongs_to, user_id,
    amount_minor, currency, paid_at as at from finance.payments
  union all select cash_month, month, 'fee', invoice_id, subscription_id, user_id, net_minor, currency, paid_at
    from finance.fees where status = 'paid' and net_minor <> 0
  union all select cash_month, month, 'refund', stripe_refund, charge_id::text, user_id, -amount_minor, currency,
    succeeded_at
    from finance.refunds where status = 'succeeded' and method = 'refund'
) moved;

create or replace view finance.open_receivables as
select 'usage' as kind, c.id::text as id, c.user_id, finance.month_of(c.period_start, c.period_end) as month,
  c.amount_minor, c.currency, finance.decimal(c.amount_minor, c.currency) as amount,
  c.status, c.reason, c.created_at as since
from finance.charges_then c
where c.status in ('pending', 'processing', 'requires_action', 'failed') and c.amount_minor > 0 and c.owed
union all
select 'fee', invoice_id, user_id, month, net_minor, currency, finance.decimal(net_minor, currency), status, null,
  period_start from finance.fees where status in ('open', 'failed');

create or replace view finance.statement as
select user_id, month, kind, reference, description, amount_minor, currency, finance.decimal(amount_minor,
  currency) as amount, status, at, paid_at, cash_month from (
  select user_id, month, 'usage' as kind, charge_id::text as reference, 'block ' || block || ' (' || billing_tier ||
    ')' as description, amount_minor, currency,
    'succeeded' as status, created_at as at, paid_at, cash_month from finance.payments
  union all select user_id, finance.month_of(c.period_start, c.period_end), 'usage', id::text,
    'block ' || block || ' (' || billing_tier || ')', amount_minor, currency, status, created_at, null, null
    from finance.charges_then c where status not in ('cancelled', 'succeeded') and owed
  union all select user_id, month, 'fee', invoice_id, 'monthly fee', amount_minor, currency, status, period_start,
    paid_at, cash_month
    from finance.fees where status <> 'voided'
  union all select n.user_id, n.month, 'credit', n.charge_id::text, case when n.reverses
    is not null then 'credit taken back' else 'credit of a corrected block' end, -n.amount_minor, n.currency,
    case when n.reverses is not null then 'taken back' when n.refund_status = 'declined' then 'forfeited'
      when r.method = 'invoice' and n.refund_status = 'succeeded' then 'applied'
      else coalesce(n.refund_status, 'credited') end, n.credited_at, null, null
    from finance.credit_notes n left join finance.refunds r on r.id = n.refund_id
  union all select user_id, month, 'forfeit', charge_id::text, 'credit forfeited: ' || coalesce(reason, ''),
    amount_minor, currency, 'forfeited', at, null, null from finance.forfeited
  union all select user_id, month, 'refund', charge_id::text, 'refund made by hand', -amount_minor, currency, status,
    created_at, succeeded_at, cash_month
    from finance.refunds where credit_note_id is null and status = 'succeeded'
) as lines where user_id is not null;
comment on view finance.statement is 'the lines of a customer: blocks, fees, credits and what became of them, other refunds, and when money moved';

create or replace view finance.receivables_ledger as
select user_id, currency, at, month, kind, description, reference, amount_minor, finance.decimal(amount_minor,
  currency) as amount from (
  select user_id, currency, created_at as at, month, 'usage' as kind, 'block ' || block || ' (' || billing_tier || ')'
    as description, charge_id::text as reference,
    amount_minor from finance.payments
  union all select user_id, currency, created_at, finance.month_of(period_start, period_end), 'usage',
    'block ' || block || ' (' || billing_tier || ')', id::text, amount_minor
    from finance.charges_then where status not in ('cancelled', 'succeeded') and owed
  union all select user_id, currency, period_start, month, 'fee', 'monthly fee', invoice_id, amount_minor
    from finance.fees where status <> 'voided'
  union all select user_id, currency, told_at, month, 'write_off', 'monthly fee given up', invoice_id, -net_minor
    from finance.fees where status = 'uncollectible'
  union all select user_id, currency, credited_at, month, 'credit', case when reverses
    is null then 'credit of a corrected block' else 'credit taken back' end,
    charge_id::text, -amount_minor from finance.credit_notes
  union all select user_id, currency, succeeded_at, month, 'credit', 'credit by a refund', stripe_refund, -amount_minor
    from finance.refunds where credit_note_id is null and status = 'succeeded'
  union all select user_id, currency, coalesce(paid_at, created_at), month, 'payment',
    'payment of block ' || block || ' (' || billing_tier || ')', payment_intent, -amount_minor
    from finance.payments
  union all select user_id, currency, coalesce(paid_at, told_at), month, 'payment', 'payment of the monthly fee',
    invoice_id, -net_minor from finance.fees where status = 'paid'
  union all select user_id, currency, succeeded_at, month, 'refund', 'refund', stripe_refund, amount_minor
    from finance.refunds where status = 'succeeded' and method = 'refund'
  union all select user_id, currency, at, month, 'credit', 'credit forfeited: ' || coalesce(reason, ''),
    charge_id::text, amount_minor from finance.forfeited
) moved where user_id is not null and amount_minor <> 0;
`,
} as const;
