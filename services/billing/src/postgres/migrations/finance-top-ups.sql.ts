/** Units that were bought for wallets: money that came in ahead of the usage, so no revenue of a month yet. */
export const financeTopUps = {
  name: '20261128000055-finance-top-ups',
  sql: `
create view finance.top_ups as
select t.id as topup_id, t.account, t.user_id, finance.month_at(t.paid_at) as month, t.units, t.amount_minor,
  t.currency,
  finance.decimal(t.amount_minor, t.currency) as amount, t.payment_intent, t.status, t.paid_at,
  coalesce((select sum(r.amount_minor) from billing.topup_refunds r
    where r.topup_id = t.id and r.succeeded_at <= finance.as_of()), 0)::bigint as refunded_minor
from billing.topups t where t.paid_at <= finance.as_of();
comment on view finance.top_ups
  is 'units that were bought for wallets and paid: money ahead of usage; refunded_minor was paid back';

grant select on finance.top_ups to finance, tollgate_finance;
`,
} as const;
