/**
 * Offsets of the first record that is booked and not yet sealed, and not yet published; null where there is none.
 * Offsets grow with the numbers of entries, so the first entry that waits is enough.
 */
export const needs = `
select p.partition, p.next_offset, p.log_base,
  (select log_offset from ledger.entries e where e.partition = p.partition
     and e.partition_seq > coalesce((select max(to_seq) from ledger.seals s where s.partition = p.partition), 0)
   order by partition_seq limit 1) as unsealed,
  least(
    (select log_offset from ledger.entries e where $1 and e.partition = p.partition
      and e.partition_seq > coalesce(entries.published_through, 0)
     order by partition_seq limit 1),
    (select e.log_offset from ledger.crossings c join ledger.entries e using (partition, partition_seq)
      where c.partition = p.partition and c.partition_seq > coalesce(crossings.published_through, 0)
     order by partition_seq limit 1),
    (select e.log_offset from ledger.block_changes c join ledger.entries e using (partition, partition_seq)
      where c.partition = p.partition and c.partition_seq > coalesce(crossings.published_through, 0)
     order by partition_seq limit 1),
    (select log_offset from ledger.dead_letters d where d.partition = p.partition
      and d.log_offset > coalesce(letters.published_through, -1)
     order by log_offset limit 1)
  ) as unpublished
from ledger.positions p
left join ledger.publications entries on entries.partition = p.partition and entries.topic = $2
left join ledger.publications crossings on crossings.partition = p.partition and crossings.topic = $3
left join ledger.publications letters on letters.partition = p.partition and letters.topic = $4
order by p.partition`;
