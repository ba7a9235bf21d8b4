/**
 * $1 account (null: all), $2 before "refused_at in ms.partition.offset" as three values ($2 ms, $3 partition, $4
 * offset), $5 limit.
 */
export const refusedPage = `select *, floor(extract(epoch from refused_at) * 1000)::bigint as refused_ms
  from ledger.refusals
where ($1::text is null or account = $1)
  and ($2::bigint is null or (floor(extract(epoch from refused_at) * 1000)::bigint, partition,
    log_offset) < ($2::bigint, $3::smallint, $4::bigint))
order by refused_at desc, partition desc, log_offset desc limit $5`;

/** Before "recorded in $1 ms, partition $2, offset $3" (nulls: the newest), $4 limit. Newest first. */
export const deadLettersPage = `select partition, log_offset, reason, record_key, left(record_value, 10000) as value,
  recorded_at,
  floor(extract(epoch from recorded_at) * 1000)::bigint as ms from ledger.dead_letters
where $1::bigint is null
  or (floor(extract(epoch from recorded_at) * 1000)::bigint, partition, log_offset) < ($1::bigint, $2::smallint,
    $3::bigint)
order by floor(extract(epoch from recorded_at) * 1000) desc, partition desc, log_offset desc limit $4`;

/** $1 partition, $2 offset. */
export const deadLetterById = `select record_key as key, record_value as value from ledger.dead_letters
where partition = $1 and log_offset = $2`;
