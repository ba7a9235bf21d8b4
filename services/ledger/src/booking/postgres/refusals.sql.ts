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

/** Removes refusals of both kinds that are older than $1. */
export const removeRefusalsBefore = [
  'delete from ledger.refusals where refused_at < $1',
  'delete from ledger.answered_refusals where refused_at < $1',
];
