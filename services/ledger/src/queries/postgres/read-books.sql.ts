export const entryColumns = `e.*, a.id as account_id, a.kind as account_kind, u.text as unit_text, k.text as contra_text, s.text as source_text, d.content`;
export const entryJoins = `
join ledger.accounts a on a.partition = e.partition and a.account = e.account
join ledger.names u on u.partition = e.partition and u.name = a.unit
join ledger.names k on k.partition = e.partition and k.name = e.contra
join ledger.names s on s.partition = e.partition and s.name = e.source
left join ledger.details d on d.partition = e.partition and d.partition_seq = e.partition_seq`;

/**
 * $1 partition, $2 account id, $3 before seq, $4 limit, $5 from, $6 to, $7 kinds (null: all), $8 whether from and to
 * bound the time of use. Newest first.
 */
export const entriesPage = `select ${entryColumns} from ledger.entries e ${entryJoins}
where e.partition = $1 and e.account = (select account from ledger.accounts where partition = $1 and id = $2)
  and e.seq < $3
  and ($5::timestamptz is null or case when $8::boolean then e.occurred_at else e.recorded_at end >= $5)
  and ($6::timestamptz is null or case when $8::boolean then e.occurred_at else e.recorded_at end < $6)
  and ($7::smallint[] is null or e.kind = any($7)) and e.seq >= $9
order by e.seq desc limit $4`;

/**
 * Which requests are booked: $1 partition, then arrays of account ids, sources and request ids; answers places from 1.
 * Rides on the once-only index.
 */
export const requestsBooked = `
select w.asked, encode(e.content_hash, 'hex') as hash from unnest($2::text[], $3::text[],
  $4::text[]) with ordinality w(account, source, request_id, asked)
join ledger.accounts a on a.partition = $1 and a.id = w.account
join ledger.names s on s.partition = $1 and s.text = w.source
join ledger.entries e on e.partition = $1 and e.account = a.account and e.source = s.name
  and e.request_id = w.request_id and e.ordinal = 0`;

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

export const entriesCount = `select count(*) as total from ledger.entries e
where e.partition = $1 and e.account = (select account from ledger.accounts where partition = $1 and id = $2)
  and ($3::timestamptz is null or case when $6::boolean then e.occurred_at else e.recorded_at end >= $3)
  and ($4::timestamptz is null or case when $6::boolean then e.occurred_at else e.recorded_at end < $4)
  and ($5::smallint[] is null or e.kind = any($5)) and e.seq >= $7`;

/**
 * $1 partition, $2 account id, $3 owner: the entry of the latest unbroken terms with that owner, or the first of all
 * where nobody else has ever owned the account. No row where the present owner is another.
 */
export const ownedSince = `
with a as (select account from ledger.accounts where partition = $1 and id = $2),
t as (select t.seq, t.owner from ledger.account_terms t join a using (account) where t.partition = $1),
own as (select min(seq) as seq from t where seq > (select coalesce(max(seq), 0) from t where owner is distinct from $3))
select e.seq, e.recorded_at from own join a on true
join ledger.entries e on e.partition = $1 and e.account = a.account
 and e.seq = case when exists (select from t where owner <> $3) then own.seq else 1 end
where own.seq is not null`;

/** Any account below $2. */
export const accountBelow = `select 1 from ledger.accounts where partition = $1 and starts_with(id, $2 || '/') limit 1`;
export const accountExists = 'select 1 from ledger.accounts where partition = $1 and id = $2';

/** $1 partition, $2 number of the account. */
export const accountNumbered = 'select id from ledger.accounts where partition = $1 and account = $2';

/** $1 partition, $2 partition_seq. */
export const entryById = `select ${entryColumns} from ledger.entries e ${entryJoins}
  where e.partition = $1 and e.partition_seq = $2`;

/** Entries of a partition in order: $2 exclusive, $3 at most. With the commitment beside each. */
export const entriesInOrder = `select ${entryColumns}, d.commitment from ledger.entries e ${entryJoins}
where e.partition = $1 and e.partition_seq > $2 order by e.partition_seq limit $3`;

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

export const catalogBooked = `select name, version, count(*)::int as partitions from ledger.catalog_versions
  where catalog = $1
group by name, version order by name, version`;
export const catalogItems =
  'select item, booked_at from ledger.catalog_versions where partition = $1 order by log_offset, version';
export const catalogItem = `select item, booked_at from ledger.catalog_versions
  where partition = $1 and catalog = 'rate-card' and name = $2 and version = $3`;

export const allPositions =
  'select partition, epoch, next_offset, last_seq, halted from ledger.positions order by partition';

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
