/** What shows that the figures hold: the books balance, seals follow each other, Stripe agrees. */
export const financeChecks = {
  name: '20261128000080-finance-checks',
  sql: `
create view finance.trial_balance as
with moved as (
  select u.text as unit, k.text as contra, -sum(e.amount) as amount
  from ledger.entries e
  join ledger.accounts a on a.partition = e.partition and a.account = e.account
  join ledger.names u on u.partition = a.partition and u.name = a.unit
  join ledger.names k on k.partition = e.partition and k.name = e.contra
  where e.amount <> 0 and e.recorded_at <= finance.as_of() group by u.text, k.text
), held as (
  select u.text as unit, sum(last.balance_after) as amount
  from ledger.accounts a
  join ledger.names u on u.partition = a.partition and u.name = a.unit
  cross join lateral (
    select e.balance_after from ledger.entries e
    where e.partition = a.partition and e.account = a.account and e.recorded_at <= finance.as_of()
      order by e.seq desc limit 1
  ) last group by u.text
), sides as (
  select unit, 'contra:' || contra as side, amount from moved union all select unit, 'accounts', amount from held
)
select unit, side, amount from sides union all select unit, 'total (must be 0)', sum(amount) from sides group by unit;
comment on view finance.trial_balance
  is 'per unit: what accounts hold by their last entries, against where it came from and went by all entries; '
    'the total is 0';

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
comment on view finance.seals
  is 'per partition of the ledger: seals, seals that do not follow the one before, and when the oldest entry '
    'was booked that is not sealed yet';

create view finance.comparisons as
select distinct on (period) id, period, state, (
    select count(*) from billing.reconciliation_differences d where d.run = r.id and d.outcome is distinct from 'fixed'
      and not exists (select from billing.acknowledgements k where k.kind = d.kind and k.reference = d.reference
        and k.difference = d.reason and k.until > coalesce(r.finished_at, r.started_at))
  ) as remaining,
  under_way, started_at, finished_at
from billing.reconciliations r where state <> 'abandoned' order by period, number desc;
comment on view finance.comparisons is 'the newest comparison of each month with Stripe';

create view finance.acknowledgements as
select kind, reference, difference, reason, actor, at, until from billing.acknowledgements where at <= finance.as_of();
comment on view finance.acknowledgements
  is 'differences that somebody has looked at: who, why and until when they do not count';

grant select on finance.trial_balance, finance.seals, finance.comparisons, finance.acknowledgements to finance,
  tollgate_finance;
`,
} as const;
