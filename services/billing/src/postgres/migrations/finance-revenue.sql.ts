/**
 * Revenue of a closed month stays as it was kept at its closing. What has changed of it since is an adjustment in the
 * first open month. Every sum is thus shown in exactly one month: there is what was kept, and the difference between
 * all live revenue and all that was kept.
 */
export const financeRevenue = {
  name: '20261128000050-finance-revenue',
  sql: `
create view finance.revenue_live as
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
comment on view finance.revenue_live is 'what was paid, less what is owed back, all by the month of the usage or fee';

create view finance.closings as
select c.period, c.number, c.type, c.as_of, c.hash, e.entry, c.reason, c.actor, c.at,
  c.type = 'closed' and not exists (select from billing.closings n where n.period = c.period and n.number > c.number
    and n.at <= finance.as_of()) as in_force
from billing.closings c left join billing.closing_entries e on e.period = c.period and e.number = c.number
where c.at <= finance.as_of();
comment on view finance.closings is 'closings of months and their reopenings; in_force: the month is closed by it';

create view finance.revenue as
with closed as (
  select c.period, c.figures::jsonb as figures from billing.closings c join finance.closings f on f.period = c.period
    and f.number = c.number where f.in_force
), first_open as (
  select to_char(to_date(max(period), 'YYYY-MM') + interval '1 month', 'YYYY-MM') as month from closed
), kept as (
  select c.period as month, r.currency, r.kind, r.count, r.amount_minor, r.adjusts
  from closed c cross join lateral jsonb_to_recordset(c.figures -> 'revenue') as r (currency text, kind text,
    count bigint, amount_minor bigint, adjusts text)
), booked as (
  select coalesce(adjusts, month) as month, currency, kind, sum(count) as count, sum(amount_minor) as amount_minor
    from kept group by 1, 2, 3
), rest as (
  select month, currency, kind, coalesce(l.count, 0) - coalesce(b.count, 0) as count, coalesce(l.amount_minor,
    0) - coalesce(b.amount_minor, 0) as amount_minor,
    month in (select period from closed) as closed
  from finance.revenue_live l full join booked b using (month, currency, kind)
), shown as (
  select month, currency, kind, count, amount_minor, adjusts from kept
  union all
  select case when closed then (select month from first_open) else month end, currency, kind, count, amount_minor,
    case when closed then month end
  from rest where count <> 0 or amount_minor <> 0
)
select month, currency, kind, count::bigint as count, amount_minor::bigint as amount_minor,
  finance.decimal(amount_minor, currency) as amount, adjusts from shown;
comment on view finance.revenue
  is 'what was paid, less what is owed back, by the month of the usage or fee; changes of a closed month are '
    'adjustments of it in the open one';

grant select on finance.revenue, finance.closings to finance, tollgate_finance;
`,
} as const;
