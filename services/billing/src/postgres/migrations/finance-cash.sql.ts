/** Money by the month in which it moved. */
export const financeCash = {
  name: '20261128000060-finance-cash',
  sql: `
create view finance.assigned_payments as
select payment_intent, user_id, finance.month_at(paid_at) as month, paid_at, amount_minor, currency,
  finance.decimal(amount_minor, currency) as amount, reason, actor, at
from billing.assigned_payments where at <= finance.as_of();
comment on view finance.assigned_payments
  is 'payments at Stripe that no charge asked for, and whose they are: money on account';

create view finance.cash as
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
comment on view finance.cash
  is 'what came in and went out at Stripe, by the month of the money: the sum of a currency is Stripe''s '
    'balance before its own fees and payouts';

grant select on finance.assigned_payments, finance.cash to finance, tollgate_finance;
`,
} as const;
