/** Monthly fees: the fee whole, and what credits paid of it. */
export const financeFees = {
  name: '20261128000020-finance-fees',
  sql: `
create view finance.fees as
select i.invoice_id, i.subscription_id, i.customer_id, u.user_id, finance.month_at(i.period_start) as month,
  i.period_start, i.amount_minor + i.credit_minor as amount_minor, i.currency,
  finance.decimal(i.amount_minor + i.credit_minor, i.currency) as amount, i.status, i.paid_at, case when i.paid_at
    is not null then finance.month_at(i.paid_at) end as cash_month, i.told_at,
  i.credit_minor, i.amount_minor as net_minor
from finance.invoices_then i
left join lateral (select user_id from billing.customers where customer_id = i.customer_id
  order by user_id limit 1) u on true;
comment on view finance.fees
  is 'invoices of monthly fees, as Stripe told them: the fee, what credits paid of it, and the rest';

grant select on finance.fees to finance, tollgate_finance;
`,
} as const;
