/** $1 partition, $2 partition_seq exclusive, $3 inclusive. */
export const crossingsBetween = `select c.*, a.id from ledger.crossings c join ledger.accounts a using (partition,
  account)
where c.partition = $1 and c.partition_seq > $2 and c.partition_seq <= $3 order by c.partition_seq, c.block`;

/**
 * Periods that start in [$1, $2), after ($3 partition, $4 account, $5 period start in ms, $6 block), $7 at most; in the
 * order of the key.
 */
export const crossingsPage = `select c.*, a.id, e.recorded_at, floor(extract(epoch from c.period_start) * 1000)::bigint
  as start_ms
from ledger.crossings c
join ledger.accounts a on a.partition = c.partition and a.account = c.account
join ledger.entries e on e.partition = c.partition and e.partition_seq = c.partition_seq
where c.period_start >= $1 and c.period_start < $2
  and (c.partition, c.account, c.period_start, c.block) > ($3::smallint, $4::integer,
    to_timestamp($5::double precision / 1000), $6::bigint)
order by c.partition, c.account, c.period_start, c.block limit $7`;

export const allPositions =
  'select partition, epoch, next_offset, last_seq, halted from ledger.positions order by partition';
