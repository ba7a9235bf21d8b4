/**
 * Of accounts of one kind ($4) in a partition ($1), by ids ($2), those whose balance, less what is held, is below their
 * bound ($3), with that figure. By indexes alone.
 */
export const balancesBelow = `
select w.id, e.available
from unnest($2::text[], $3::bigint[]) w(id, below)
join ledger.accounts a on a.partition = $1 and a.id = w.id and a.kind = $4::smallint
cross join lateral (
  select e.balance_after - e.held_after as available from ledger.entries e
  where e.partition = $1 and e.account = a.account order by e.seq desc limit 1) e
where e.available < w.below`;

/** Refusals of requests that nobody waited for: $1 partition, arrays of accounts, sources and ids; places from 1. */
export const refusedRequests = `
select w.asked, r.code
from unnest($2::text[], $3::text[], $4::text[]) with ordinality w(account, source, request_id, asked)
join ledger.refusals r on r.partition = $1 and r.account = w.account and r.source = w.source
  and r.request_id = w.request_id`;
