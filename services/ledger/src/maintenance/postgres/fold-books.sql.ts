/**
 * Version rows beside the entries $2 (exclusive) to $3 of partition $1; each query answers one kind, by partition_seq.
 */
const beside = (
  table: string,
): string => `select e.partition_seq, v.* from ledger.entries e join ledger.${table} v using (partition, account, seq)
where e.partition = $1 and e.partition_seq > $2 and e.partition_seq <= $3`;

export const termsBeside = beside('account_terms');
export const lotsBeside = beside('lots');
export const holdsBeside = beside('holds');
export const countersBeside = beside('counters');
export const limitCountsBeside = beside('limit_counts');
export const openedBeside = `select e.partition_seq, a.opened_at from ledger.entries e
  join ledger.accounts a using (partition, account)
where e.partition = $1 and e.partition_seq > $2 and e.partition_seq <= $3 and e.kind = 1`;

/** Numbers of the accounts of a partition, in order: $2 exclusive, $3 at most. */
export const accountsInOrder =
  'select account from ledger.accounts where partition = $1 and account > $2 order by account limit $3';
/** How far a partition went, known from elsewhere than its entries and seals: $1 partition, $2 topic of seals. */
export const knownEnd = `select (select last_seq from ledger.positions where partition = $1) as last_seq,
  (select published_through from ledger.publications where partition = $1 and topic = $2) as through`;
/** Blocks beside entries that are not there, or of another account: $1 partition. */
export const strayBlocks = `select t.of, t.partition_seq from (
  select 'crossings' as of, partition, partition_seq, account from ledger.crossings where partition = $1
  union all select 'block_changes', partition, partition_seq, account from ledger.block_changes where partition = $1) t
where not exists (select from ledger.entries e where e.partition = t.partition and e.partition_seq = t.partition_seq
  and e.account = t.account)
order by t.partition_seq limit 100`;
/** Words beside entries that are not erased: $1 partition, $2 partition_seq exclusive, $3 at most. */
export const detailsInOrder = `select partition_seq, commitment, salt, content from ledger.details
where partition = $1 and partition_seq > $2 and (salt is not null or content is not null)
  order by partition_seq limit $3`;
export const itemsBefore =
  'select item, booked_at from ledger.catalog_versions where partition = $1 and log_offset < $2 order by ' +
  'log_offset, version';
export const namesOfPartition = 'select name, text from ledger.names where partition = $1';
