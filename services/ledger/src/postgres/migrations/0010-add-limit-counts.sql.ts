/**
 * What the `limits` of an account count after an entry that moved one (rule 15): [[period start, period end, used,
 * earlier start, earlier end, earlier used], …] in the order of the limits, in milliseconds since 1970; null where
 * nothing is known of the period before.
 */
export const addLimitCounts = `
create table ledger.limit_counts (
  partition smallint not null,
  account integer not null,
  seq bigint not null,
  counts jsonb not null,
  constraint limit_counts_pkey primary key (partition, account, seq)
);
create trigger limit_counts_append_only before update or delete on ledger.limit_counts for each statement
  execute function ledger.refuse_change();
create trigger limit_counts_no_truncate before truncate on ledger.limit_counts for each statement
  execute function ledger.refuse_change();
alter table ledger.limit_counts enable always trigger limit_counts_append_only;
alter table ledger.limit_counts enable always trigger limit_counts_no_truncate;
grant select, insert on ledger.limit_counts to tollgate_ledger;
do $$ begin
  if current_setting('server_version_num')::int >= 170000 then
    grant maintain on ledger.limit_counts to tollgate_ledger;
  end if;
end $$;
`;
