/** $1 ids, $2 owner or null. An account that is named is erased whole, also when the user owned it for a while only. */
export const accountsOf = `
select a.partition, a.account as ref, a.id, null as owner from ledger.accounts a where a.id = any($1)
union all
select a.partition, a.account, a.id, $2 as owner from ledger.accounts a
where $2::text is not null and a.id <> all($1) and exists (select from ledger.account_terms t
  where t.partition = a.partition and t.account = a.account and t.owner = $2)`;

/** $1 partition, $2 account, $3 partition_seq exclusive, $4 at most, $5 owner at that time, or null. */
export const eraseDetails = `
with page as (
  select d.partition, d.partition_seq, d.salt is not null or d.content is not null as there from ledger.details d
  join ledger.entries e on e.partition = d.partition and e.partition_seq = d.partition_seq
  where d.partition = $1 and e.account = $2 and d.partition_seq > $3
    and ($5::text is null or $5 = (select t.owner from ledger.account_terms t where t.partition = e.partition
      and t.account = e.account and t.seq <= e.seq order by t.seq desc limit 1))
  order by d.partition_seq limit $4
), gone as (
  update ledger.details d set salt = null, content = null from page p where d.partition = p.partition
    and d.partition_seq = p.partition_seq and p.there returning 1
)
select partition_seq, (select count(*) from gone) as erased from page order by partition_seq`;

export const nextOffset = 'select next_offset - log_base as next_offset from ledger.positions where partition = $1';
