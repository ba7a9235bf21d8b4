/**
 * What the ledger counted against what billing charges, month by month. Two readings of the same usage meet in it: the
 * sum of the entries, and the counter that blocks are entered by; a row of either that is changed or missing shows as
 * a difference. It shows what is billed: periods that a price plan prices. A budget that has a plan charges for what
 * is used below it, by the entries that its budget rows name.
 */
export const financeUsage = {
  name: '20261128000040-finance-usage',
  sql: `
create function finance.is_priced(p_partition smallint, p_account integer, p_start timestamptz) returns boolean
language sql stable security definer set search_path = '' as $$
  select coalesce((
    select case when earlier.found then earlier.plan else t.settings ->> 'plan' end is not null
      from ledger.accounts a
      join ledger.account_terms t on t.partition = a.partition and t.account = a.account
      join ledger.entries e on e.partition = a.partition and e.account = a.account and e.seq = t.seq
      left join lateral (
        select true as found, p ->> 'plan' as plan from jsonb_array_elements(t.settings -> 'earlier_plans') p
         where (p ->> 'until')::timestamptz >= p_start order by (p ->> 'until')::timestamptz limit 1
      ) earlier on true
     where a.partition = p_partition and a.account = p_account and e.recorded_at <= greatest(p_start, a.opened_at)
     order by t.seq desc limit 1), false)
$$;
comment on function finance.is_priced
  is 'whether the account had a price plan in the period that starts then: without one nothing is charged';

create function finance.budgeted_units(p_partition smallint, p_account integer,
  p_start timestamptz) returns numeric
language sql stable security definer set search_path = '' as $$
  with counted as (
    select b.kind, b.request_id, b.period_start,
      b.used_after <> coalesce(lag(b.used_after) over (partition by b.period_start order by b.seq), 0) as moved
      from ledger.entries b where b.partition = p_partition and b.account = p_account
        and b.recorded_at <= finance.as_of()
  )
  select coalesce(-sum(case when f.amount > 0 then f.amount else (
      select sum(e.amount) from ledger.entries e join ledger.names k on k.partition = e.partition and k.name = e.contra
       where e.partition = f.partition and e.account = f.account and e.source = f.source
         and e.request_id = f.request_id and e.kind = f.kind
         and e.amount < 0 and k.text in ('usage', 'goodwill')) end), 0)
    from counted b
    join ledger.entries f on f.partition = p_partition and f.partition_seq = b.request_id::bigint
   where b.kind = 15 and b.moved and b.period_start = p_start
$$;
comment on function finance.budgeted_units
  is 'what was used below a budget and counted in its period, by the entries that its budget rows name';

revoke execute on function finance.is_priced, finance.budgeted_units from public;
grant execute on function finance.is_priced, finance.budgeted_units to finance, tollgate_finance;

create view finance.usage as
with figures as (
  select a.partition, a.account, a.id, u.text as unit, k.period_start, k.period_end,
    case when last.period_start = k.period_start then last.used_after else k.used end as counted,
    coalesce(booked.units, 0) + finance.budgeted_units(a.partition, a.account, k.period_start) as entered,
      coalesce(booked.goodwill, 0) as goodwill, views.plan_content(a.partition, a.account, k.period_start) as plan
  from ledger.accounts a
  join ledger.names u on u.partition = a.partition and u.name = a.unit
  cross join lateral (
    select e.seq, e.period_start, e.used_after from ledger.entries e
    where e.partition = a.partition and e.account = a.account and e.recorded_at <= finance.as_of()
      order by e.seq desc limit 1
  ) last
  cross join lateral (
    select distinct on (c.period_start_ms) to_timestamp(c.period_start_ms / 1000.0) as period_start,
      to_timestamp(c.period_end_ms / 1000.0) as period_end, c.used
    from ledger.counters c where c.partition = a.partition and c.account = a.account and c.period_start_ms >= 0
      and c.seq <= last.seq
    order by c.period_start_ms, c.seq desc
  ) k
  left join lateral (
    select -sum(e.amount) filter (where c.text = 'usage') as units, -sum(e.amount) filter (where c.text = 'goodwill')
      as goodwill from ledger.entries e
    join ledger.names c on c.partition = e.partition and c.name = e.contra
    where e.partition = a.partition and e.account = a.account and e.period_start = k.period_start
      and c.text in ('usage', 'goodwill')
      and e.seq <= last.seq
  ) booked on true
  where a.kind = 4 and finance.is_priced(a.partition, a.account, k.period_start)
), blocks as (
  select f.*, included, block,
    case when counted <= included then 0 else div(counted::numeric - included + block - 1, block) end as started
  from figures f
  cross join lateral (select (f.plan ->> 'included')::numeric as included, (f.plan ->> 'block')::numeric as block) p
), charged as (
  select b.*, greatest(b.counted - b.included - (b.started - 1) * b.block, 0) as in_last, c.whole, c.last, c.beyond,
    x.entered_blocks
  from blocks b
  cross join lateral (
    select count(*) filter (where c.block < b.started) as whole, count(*) filter (where c.block = b.started) as last,
      count(*) filter (where c.block > b.started and c.status <> 'cancelled' and c.credited_at is null) as beyond
    from finance.charges_then c where c.account = b.id and c.period_start = b.period_start
  ) c
  cross join lateral (
    select count(*) as entered_blocks from ledger.crossings x join ledger.entries e on e.partition = x.partition
      and e.partition_seq = x.partition_seq
    where x.partition = b.partition and x.account = b.account and x.period_start = b.period_start
      and x.block <= b.started and e.recorded_at <= finance.as_of()
  ) x
), sums as (
  select c.*, least(counted, included) as included_units, whole * block + last * in_last as billed_units,
    greatest(started - 1 - whole, 0) * block + case when started > 0 and last = 0 then in_last else 0 end
      as unbilled_units
  from charged c
)
select id as account, case when id like 'metered:%' and position('/' in id) = 0 then replace(replace(substr(id, 9),
  '%2F', '/'), '%25', '%') end as user_id,
  to_char((period_start + (period_end - period_start) / 2) at time zone 'UTC', 'YYYY-MM') as month, period_start,
    period_end, unit,
  entered as ledger_units, counted as counted_units, included_units, billed_units, unbilled_units,
    started as blocks_started,
  entered_blocks as blocks_entered, whole + last as blocks_charged, beyond as blocks_charged_beyond,
  entered - (included_units + billed_units + unbilled_units) as difference, goodwill as goodwill_units
from sums;
comment on view finance.usage
  is 'per priced account and month: what the entries sum up to = included + billed + unbilled units; the '
    'difference must be 0. What goodwill covered is beside them';

grant select on finance.usage to finance, tollgate_finance;
grant execute on function views.plan_content to tollgate_finance;
`,
} as const;
