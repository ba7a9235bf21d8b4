/**
 * Revenue of closed months as it was kept; what has changed of them since is an adjustment in the first month that is
 * open after the last closed one. Whatever is live less what was kept anywhere stays to be shown, so that every sum is
 * in exactly one month.
 */
export const closeMonths = {
  name: '20261127234600-close-months',
  sql: `
create view finance.closings as
select c.period, c.number, c.type, c.as_of, c.hash, e.entry, c.reason, c.actor, c.at,
  c.type = 'closed' and not exists (select from billing.closings n where n.period = c.period and n.number > c.number
    and n.at <= finance.as_of()) as in_force
from billing.closings c left join billing.closing_entries e on e.period = c.period and e.number = c.number
where c.at <= finance.as_of();
comment on view finance.closings is 'closings of months and their reopenings; in_force: the month is closed by it';

alter view finance.revenue rename to revenue_live;
revoke all on finance.revenue_live from finance, tollgate_finance;
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
comment on view finance.revenue is 'what was paid, less what is owed back, by the month of the usage or fee; changes of a closed month are adjustments of it in the open one';

create view finance.seals as
select p.partition, count(s.number) as seals,
  count(s.number) filter (where s.previous <> s.follows) as broken,
  (select min(e.recorded_at) from ledger.entries e where e.partition = p.partition
    and e.partition_seq > coalesce(max(s.to_seq), 0)) as unsealed_since
from ledger.positions p
left join (
  select partition, number, to_seq, previous, lag(seal_hash, 1, decode(repeat('00', 32),
    'hex')) over (partition by partition order by number) as follows from ledger.seals
) s on s.partition = p.partition
group by p.partition;
comment on view finance.seals is 'per partition of the ledger: seals, seals that do not follow the one before, and when the oldest entry was booked that is not sealed yet';

create view finance.comparisons as
select distinct on (period) id, period, state, (select count(*) from billing.reconciliation_differences d
  where d.run = r.id and d.outcome is distinct from 'fixed') as remaining,
  under_way, started_at, finished_at
from billing.reconciliations r where state <> 'abandoned' order by period, started_at desc, id;
comment on view finance.comparisons is 'the newest comparison of each month with Stripe';

grant select on finance.revenue, finance.closings, finance.seals, finance.comparisons to finance, tollgate_finance;
`,
} as const;
