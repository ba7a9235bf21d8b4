/** Differences that somebody acknowledged do not remain; payments that were assigned are money of their customer. */
export const showAcknowledged = {
  name: '20261127235600-show-acknowledged',
  sql: `
create or replace view finance.comparisons as
select distinct on (period) id, period, state, (
    select count(*) from billing.reconciliation_differences d where d.run = r.id and d.outcome is distinct from 'fixed'
      and not exists (select from billing.acknowledgements k where k.kind = d.kind and k.reference = d.reference
        and k.difference = d.reason and k.until > coalesce(r.finished_at, r.started_at))
  ) as remaining,
  under_way, started_at, finished_at
from billing.reconciliations r where state <> 'abandoned' order by period, started_at desc, id;

create view finance.acknowledgements as
select kind, reference, difference, reason, actor, at, until from billing.acknowledgements where at <= finance.as_of();
comment on view finance.acknowledgements
  is 'differences that somebody has looked at: who, why and until when they do not count';
create view finance.assigned_payments as
select payment_intent, user_id, finance.month_at(paid_at) as month, paid_at, amount_minor, currency,
  finance.decimal(amount_minor, currency) as amount, reason, actor, at
from billing.assigned_payments where at <= finance.as_of();
comment on view finance.assigned_payments
  is 'payments at Stripe that no charge asked for, and whose they are: money on account';

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
) moved where user_id is not null and amount_minor <> 0;

grant select on finance.acknowledgements, finance.assigned_payments to finance, tollgate_finance;
`,
} as const;
