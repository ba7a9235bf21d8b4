/**
 * The entries of requests booked before: $1 partition, then arrays of account ids, sources and request ids; $5 an
 * offset: only what was booked from records before it. `asked` is the place in the arrays, from 1. Rides on the
 * once-only index.
 */
export const firstAnswers = `
select w.asked, e.*, a.id as account_id, a.kind as account_kind, u.text as unit_text, k.text as contra_text,
  w.source as source_text,
  d.content, h.amount as hold_amount, h.expires_at as hold_expires, h.outcome as hold_outcome,
    h.settled as hold_settled,
  (select json_agg(json_build_array(extract(epoch from c.period_start)::bigint, extract(epoch
    from c.period_end)::bigint, c.block::text, c.plan, c.charge_id,
    c.plan_version, c.billing_tier, c.amount_minor::text, c.currency)
    order by c.block) from ledger.crossings c where c.partition = $1 and c.partition_seq = e.partition_seq) as crossings
from unnest($2::text[], $3::text[], $4::text[]) with ordinality w(account, source, request_id, asked)
join ledger.accounts a on a.partition = $1 and a.id = w.account
join ledger.names s on s.partition = $1 and s.text = w.source
join ledger.entries e on e.partition = $1 and e.account = a.account and e.source = s.name
  and e.request_id = w.request_id
join ledger.names u on u.partition = $1 and u.name = a.unit
join ledger.names k on k.partition = $1 and k.name = e.contra
left join ledger.details d on d.partition = $1 and d.partition_seq = e.partition_seq
left join ledger.holds h on h.partition = $1 and h.account = e.account and h.seq = e.seq and h.hold = e.hold
where e.log_offset < $5
order by w.asked, e.ordinal`;

/** How holds had ended before an offset ($4): arrays of partitions, account numbers and hold numbers. */
export const endedHolds = `
select w.partition, w.account, w.hold, a.id, h.amount, h.expires_at, h.outcome, h.settled
from unnest($1::smallint[], $2::integer[], $3::bigint[]) w(partition, account, hold)
join ledger.accounts a on a.partition = w.partition and a.account = w.account
join lateral (select h.* from ledger.holds h join ledger.entries e using (partition, account, seq)
  where h.partition = w.partition and h.account = w.account and h.hold = w.hold and e.log_offset < $4
    order by h.seq desc limit 1) h on true
where h.outcome <> 'open'`;

/**
 * What an entry's account (`of`: its alias) counted in the entry's period, as the newest row of the books before offset
 * $1 tells.
 */
const counted = (of: 'e' | 'b'): string => `
  (select json_build_array(c.period_start_ms::text, c.period_end_ms::text, c.used::text, c.high_water::text,
    c.used_before::text)
    from ledger.counters c join ledger.entries ce using (partition, account, seq)
    where c.partition = ${of}.partition and c.account = ${of}.account and c.period_start_ms = floor(extract(epoch
      from ${of}.period_start) * 1000)::bigint
      and ce.log_offset < $1 order by c.seq desc limit 1)`;
/** The plan version at which blocks of that period were entered. */
const priced = (of: 'e' | 'b'): string => `
  (select json_build_array(x.plan, coalesce(x.plan_version, 1)) from ledger.crossings x
    join ledger.entries xe using (partition, partition_seq)
    where x.partition = ${of}.partition and x.account = ${of}.account and x.period_start = ${of}.period_start
      and xe.log_offset < $1
    order by x.block limit 1)`;

const target = `
select e.partition, e.partition_seq, a.id as account_id, a.kind as account_kind, e.balance_after, e.request_id,
  e.ordinal,
  (select n.text from ledger.names n where n.partition = e.partition and n.name = e.source) as source_text, e.kind,
    e.amount, e.lot, e.hold, e.period_start, e.occurred_at, e.recorded_at,
  (select n.text = 'goodwill' from ledger.names n where n.partition = e.partition and n.name = e.contra) as covered,
  (select f.rate from ledger.entries f where f.partition = e.partition and f.account = e.account
    and f.source = e.source and f.request_id = e.request_id
    and f.ordinal = 0) as rate,
  l.priority, l.expires_at, l.purchased, e.corrects,
  ${counted('e')} as counted, ${priced('e')} as priced,
  (select t.settings from ledger.account_terms t where t.partition = e.partition and t.account = e.account
    and t.seq = e.seq) as settings_after,
  (select t.settings from ledger.account_terms t where t.partition = e.partition and t.account = e.account
    and t.seq < e.seq
    order by t.seq desc limit 1) as settings_before,
  (select t.status from ledger.account_terms t where t.partition = e.partition and t.account = e.account
    and t.seq < e.seq
    order by t.seq desc limit 1) as status_before,
  abs(coalesce((select sum(c.amount) from ledger.entries c where c.partition = e.partition
    and c.corrects = e.partition_seq
    and c.log_offset < $1), 0))::bigint as corrected,
  case when e.kind = 12 then (select coalesce(-sum(x.amount), 0) from ledger.entries x where x.partition = e.partition
    and x.account = e.account
    and x.seq > e.seq and x.seq < e.seq + 100000 and x.log_offset = e.log_offset and x.kind = 10 and x.lot = e.lot)
      else 0 end::bigint as expired,
  case when e.kind = 6 then e.held_after - (select p.held_after from ledger.entries p where p.partition = e.partition
    and p.account = e.account and p.seq = e.seq - 1) else 0 end as extended,
  (select json_agg(json_build_array(ba.id, (extract(epoch from b.period_start) * 1000)::bigint::text, ${counted('b')},
    ${priced('b')})) from ledger.entries b join ledger.accounts ba on ba.partition = b.partition
    and ba.account = b.account
    where b.partition = e.partition and b.partition_seq > e.partition_seq and b.partition_seq < e.partition_seq + 100000
      and b.log_offset = e.log_offset and b.kind = 15) as budgets
from ledger.entries e
join ledger.accounts a on a.partition = e.partition and a.account = e.account
left join lateral (select priority, expires_at, purchased from ledger.lots l where l.partition = e.partition
  and l.account = e.account and l.lot = e.lot
  order by l.seq limit 1) l on true`;

/** Entries to be taken back, as of an offset ($1), by number: arrays of partitions ($2) and partition_seqs ($3). */
export const targetsByEntry = `${target} join unnest($2::smallint[], $3::bigint[]) w(partition,
  seq) on w.partition = e.partition and w.seq = e.partition_seq
where e.log_offset < $1`;

/** The entries of one request on its own account: $1 offset, $2 partition, $3 account id, $4 source, $5 request id. */
export const targetsByRequest = `${target} join ledger.names s on s.partition = e.partition and s.name = e.source
where e.log_offset < $1 and e.partition = $2 and a.id = $3 and s.text = $4 and e.request_id = $5 order by e.ordinal`;
