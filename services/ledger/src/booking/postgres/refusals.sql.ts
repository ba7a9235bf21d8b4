/** Rows of `ledger.answered_refusals`; $1 is their JSON. */
export const insertRefusals = `insert into ledger.answered_refusals (partition, account, source, request_id, type,
  code, detail, bound, correlation, refused_at, count)
select r.* from jsonb_to_recordset($1::jsonb) as r(partition smallint, account text, source text, request_id text,
  type text, code text, detail text, bound jsonb,
  correlation text, refused_at timestamptz, count integer)`;

/** Removes all but the newest $3 of each account: $1 partitions, $2 ids. */
export const trimRefusals = `delete from ledger.answered_refusals r using (
  select w.partition, w.account, (select o.number from ledger.answered_refusals o where o.partition = w.partition
    and o.account = w.account
    order by o.number desc offset $3 limit 1) as through
  from unnest($1::smallint[], $2::text[]) w(partition, account)
) t where r.partition = t.partition and r.account = t.account and r.number <= t.through`;

export const removeRefusalsBefore = 'delete from ledger.answered_refusals where refused_at < $1';

const asked = `($1::smallint is null or partition = $1) and ($2::text is null or account = $2 or ($3 and starts_with(account, $2 || '/')))
  and ($4::text is null or code = $4)`;
const answeredPlace = `'a' || lpad(number::text, 19, '0')`;
const otherPlace = `'b' || lpad(partition::text, 5, '0') || lpad(log_offset::text, 19, '0')`;
const before = (place: string): string =>
  `($5::bigint is null or (refused_at, ${place}) < (to_timestamp($5::bigint / 1000.0), $6::text))`;

/**
 * Refusals of every kind, newest first: $1 partition and $2 account (nulls: all), $3 the accounts below it too, $4 code
 * (null: all), $5 and $6 the place before (ms and name, nulls: the newest), $7 limit. `place` orders those of one
 * millisecond.
 */
export const refusalsPage = `
(select account, source, request_id, type, code, detail, bound, correlation, refused_at, count, true as answered,
  ${answeredPlace} as place
  from ledger.answered_refusals where ${asked} and ${before(answeredPlace)} order by refused_at desc,
    place desc limit $7)
union all
(select account, source, request_id, type, code, detail, null::jsonb, null::text, refused_at, 1, false, ${otherPlace}
  from ledger.refusals where ${asked} and ${before(otherPlace)} order by refused_at desc, ${otherPlace} desc limit $7)
order by refused_at desc, place desc limit $7`;
