/**
 * $1 partition, $2 account id, $3 start of a period in ms: the last entry knows its own period's figure, the newest
 * counter row that of any other, because one is written whenever entries go over to another period.
 */
export const usageOfPeriod = `
with a as (select account from ledger.accounts where partition = $1 and id = $2),
last as (select e.period_start, e.used_after from ledger.entries e join a using (account) where e.partition = $1
  order by e.seq desc limit 1),
counted as (select c.used from ledger.counters c join a using (account)
  where c.partition = $1 and c.period_start_ms = $3 order by c.seq desc limit 1)
select case when last.period_start = to_timestamp($3::double precision / 1000) then last.used_after
  else coalesce(counted.used, 0) end as used
from a left join last on true left join counted on true`;

/** The newest period of an account that holds a time and was counted in: $1 partition, $2 account id, $3 ms. */
export const periodHolding = `select c.period_start_ms, c.period_end_ms from ledger.counters c
where c.partition = $1 and c.account = (select account from ledger.accounts where partition = $1 and id = $2)
  and c.period_start_ms >= 0 and c.period_start_ms <= $3 and c.period_end_ms > $3 order by c.seq desc limit 1`;

/** The same parameters. */
export const crossingsOfPeriod = `select c.* from ledger.crossings c
where c.partition = $1 and c.account = (select account from ledger.accounts where partition = $1 and id = $2)
  and c.period_start = to_timestamp($3::double precision / 1000) order by c.block`;
