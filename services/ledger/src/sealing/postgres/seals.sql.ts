/** The seal that covers an entry: $1 partition, $2 partition_seq. */
export const sealOf = `select * from ledger.seals where partition = $1 and from_seq <= $2 and to_seq >= $2`;

export const lastSeal = 'select * from ledger.seals where partition = $1 order by number desc limit 1';

/**
 * Seals of several partitions at once; where another instance was first, nothing is inserted (unique partition,
 * from_seq).
 */
export const insertSeals = `insert into ledger.seals (partition, number, from_seq, to_seq, root, previous, seal_hash,
  sealed_at)
select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[],
  $8::timestamptz[])
on conflict do nothing returning partition`;
/** Seals of partition $1 after number $2, at most $3. */
export const sealsInOrder = 'select * from ledger.seals where partition = $1 and number > $2 order by number limit $3';
