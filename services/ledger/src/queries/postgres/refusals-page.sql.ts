const asked = `($1::smallint is null or partition = $1) and ($2::text is null or account = $2
  or ($3 and starts_with(account, $2 || '/')))
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
