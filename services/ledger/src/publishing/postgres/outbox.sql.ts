/** How far topic $1 is published: $2 partitions, $3 places; never back. */
export const setThrough = `insert into ledger.publications (partition, topic, published_through)
select p, $1, t from unnest($2::smallint[], $3::bigint[]) u(p, t) on conflict (partition,
  topic) do update set published_through = excluded.published_through
where ledger.publications.published_through < excluded.published_through`;

/** Crossings and later changes of blocks, in one order: an entry's rows have different blocks. */
const ofBlocks = (
  table: string,
  change: string,
): string => `select partition, partition_seq, account, period_start, period_end, block, plan, charge_id, plan_version,
  billing_tier, amount_minor, currency, ${change} as change from ledger.${table}
    where partition = $1 and partition_seq > $2`;
export const crossingsAfter = `with c as (${ofBlocks('crossings', "'entered'")}
  union all ${ofBlocks('block_changes', 'change')})
select c.*, a.id, e.recorded_at from c join ledger.accounts a using (partition, account)
join ledger.entries e on e.partition = c.partition and e.partition_seq = c.partition_seq
where c.partition_seq <= coalesce((select partition_seq from c order by partition_seq offset $3 limit 1),
  9223372036854775807)
order by c.partition_seq, c.block`;
export const deadLettersAfter = `select * from ledger.dead_letters where partition = $1 and log_offset > $2
  order by log_offset limit $3`;
export const sealsAfter = 'select * from ledger.seals where partition = $1 and number > $2 order by number limit $3';
export const publishedThrough = 'select published_through from ledger.publications where partition = $1 and topic = $2';
