/** Units that were bought for wallets: money that came in ahead of the usage, so no revenue of a month yet. */
export const showTopUps = {
  name: '20261128013000-show-topups',
  sql: `
create view finance.top_ups as
select t.id as topup_id, t.account, t.user_id, finance.month_at(t.paid_at) as month, t.units, t.amount_minor, t.currency,
  finance.decimal(t.amount_minor, t.currency) as amount, t.payment_intent, t.status, t.paid_at,
  coalesce((select sum(r.amount_minor) from billing.topup_refunds r
    where r.topup_id = t.id and r.succeeded_at <= finance.as_of()), 0)::bigint as refunded_minor
from billing.topups t where t.paid_at <= finance.as_of();
comment on view finance.top_ups
  is 'units that were bought for wallets and paid: money ahead of usage; refunded_minor was paid back';

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
  union all select finance.month_at(paid_at), finance.month_at(paid_at), 'assigned', payment_intent, null, user_id,
    amount_minor, currency, paid_at
    from billing.assigned_payments where at <= finance.as_of()
  union all select month, month, 'top_up', payment_intent, topup_id::text, user_id, amount_minor, currency, paid_at
    from finance.top_ups
  union all select finance.month_at(r.succeeded_at), t.month, 'refund', r.stripe_refund, t.topup_id::text, t.user_id,
    -r.amount_minor, r.currency, r.succeeded_at
    from billing.topup_refunds r join finance.top_ups t using (topup_id) where r.succeeded_at <= finance.as_of()
) moved;

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
    cross join (values ('credit', 'credit by a refund of a top-up', -1), ('refund', 'refund', 1)) x (kind, description, sign)
    where r.succeeded_at <= finance.as_of()
) moved where user_id is not null and amount_minor <> 0;

grant select on finance.top_ups to finance, tollgate_finance;
`,
} as const;
