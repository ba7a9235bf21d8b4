/**
 * What customers owe: the open items, the lines of a statement, and a ledger whose sum is the balance of a customer.
 */
export const financeReceivables = {
  name: '20261128000070-finance-receivables',
  sql: `
create view finance.open_receivables as
select 'usage' as kind, c.id::text as id, c.user_id, finance.month_of(c.period_start, c.period_end) as month,
  c.amount_minor, c.currency, finance.decimal(c.amount_minor, c.currency) as amount,
  c.status, c.reason, c.created_at as since
from finance.charges_then c
where c.status in ('pending', 'processing', 'requires_action', 'failed') and c.amount_minor > 0 and c.owed
union all
select 'fee', invoice_id, user_id, month, net_minor, currency, finance.decimal(net_minor, currency), status, null,
  period_start from finance.fees where status in ('open', 'failed');
comment on view finance.open_receivables is 'what is owed and not paid';

create view finance.receivables_ledger as
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
  union all select user_id, currency, paid_at, finance.month_at(paid_at), 'payment',
    'payment that was assigned: ' || reason, payment_intent, -amount_minor
    from billing.assigned_payments where at <= finance.as_of()
  union all select user_id, currency, paid_at, month, 'top_up', units || ' units for ' || account, topup_id::text,
    amount_minor from finance.top_ups
  union all select user_id, currency, paid_at, month, 'payment', 'payment of the top-up', payment_intent, -amount_minor
    from finance.top_ups
  union all select t.user_id, r.currency, r.succeeded_at, finance.month_at(r.succeeded_at), x.kind, x.description,
    r.stripe_refund, x.sign * r.amount_minor
    from billing.topup_refunds r join finance.top_ups t using (topup_id)
    cross join (values ('credit', 'credit by a refund of a top-up', -1), ('refund', 'refund', 1)) x (kind,
      description, sign)
    where r.succeeded_at <= finance.as_of()
) moved where user_id is not null and amount_minor <> 0;
comment on view finance.receivables_ledger
  is 'what customers were charged (positive), credited and paid (negative) and had back (positive), by when; '
    'their sum is what a customer owes';

create view finance.statement as
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
comment on view finance.statement
  is 'the lines of a customer: blocks, fees, credits and what became of them, other refunds, and when money moved';

grant select on finance.open_receivables, finance.receivables_ledger, finance.statement to finance,
  tollgate_finance;
`,
} as const;
