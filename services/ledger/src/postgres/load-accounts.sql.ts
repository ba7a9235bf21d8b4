/**
 * Accounts by id ($1 partitions, $2 ids) or by number ($3 partitions, $4 numbers), each with its last entry, terms, and
 * the rows of its open lots and holds: those from the floor of the newest row on. What does not exist is absent.
 */
export const loadAccounts = statement('');

/** The same as they were after the last entry recorded at or before $5. */
export const loadAccountsAt = statement('and e.recorded_at <= $5::timestamptz');

function statement(at: string): string {
  return `
with wanted as (
  select a.* from unnest($1::smallint[], $2::text[]) w(partition, id) join ledger.accounts a using (partition, id)
  union
  select a.* from unnest($3::smallint[], $4::integer[]) w(partition, account) join ledger.accounts a using (partition,
    account)
)
select w.partition, w.account, w.id, w.kind, n.text as unit, w.opened_at,
  e.seq, e.balance_after, e.held_after, e.used_after, e.period_start, e.lot, e.lot_left, e.recorded_at,
  t.status, t.owner, t.settings, t.limit_fetched_at, l.lots, h.holds, c.counter, c.earlier, m.limit_counts
from wanted w
join ledger.names n on n.partition = w.partition and n.name = w.unit
join lateral (select * from ledger.entries e where e.partition = w.partition and e.account = w.account ${at}
  order by e.seq desc limit 1) e on true
join lateral (select * from ledger.account_terms t where t.partition = w.partition and t.account = w.account
  and t.seq <= e.seq order by t.seq desc limit 1) t on true
left join lateral (
  select json_agg(json_build_array(l.lot::text, l.seq::text, l."left"::text, l.granted::text, l.priority,
    floor(extract(epoch from l.expires_at) * 1000)::text, l.purchased) order by l.seq) as lots
  from ledger.lots l where l.partition = w.partition and l.account = w.account and l.seq <= e.seq
    and l.seq >= (select f.floor from ledger.lots f where f.partition = w.partition and f.account = w.account
      and f.seq <= e.seq
      order by f.seq desc limit 1)
) l on true
left join lateral (
  select json_agg(json_build_array(h.hold::text, h.seq::text, h.amount::text, floor(extract(epoch
    from h.expires_at) * 1000)::text, h.parent::text,
    h.budgets, h.outcome) order by h.seq, h.hold) as holds
  from ledger.holds h where h.partition = w.partition and h.account = w.account and h.seq <= e.seq
    and h.seq >= (select f.floor from ledger.holds f where f.partition = w.partition and f.account = w.account
      and f.seq <= e.seq
      order by f.seq desc limit 1)
) h on true
left join lateral (
  select json_build_array(k.period_start_ms::text, k.period_end_ms::text, k.used::text, k.high_water::text,
    k.seq::text, k.used_before::text) as counter,
    (select json_build_array(o.period_start_ms::text, o.period_end_ms::text, o.used::text, o.high_water::text,
      o.seq::text, o.used_before::text) from ledger.counters o
      where o.partition = w.partition and o.account = w.account and o.seq <= e.seq
        and o.period_start_ms < k.period_start_ms
      order by o.period_start_ms desc, o.seq desc limit 1) as earlier
  from ledger.counters k where k.partition = w.partition and k.account = w.account and k.seq <= e.seq
    order by k.period_start_ms desc, k.seq desc limit 1
) c on true
left join lateral (
  select m.counts as limit_counts from ledger.limit_counts m where m.partition = w.partition and m.account = w.account
    and m.seq <= e.seq order by m.seq desc limit 1
) m on true`;
}
