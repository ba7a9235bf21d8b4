/**
 * Blocks that a correction left and that later usage entered again (rule 18): published with the crossings, in one
 * order. They follow from the entries, which are sealed, and the plan version of the period.
 */
export const addBlockChanges = `
create table ledger.block_changes (
  partition smallint not null,
  partition_seq bigint not null,
  account integer not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  block bigint not null,
  plan text not null,
  charge_id uuid not null,
  plan_version integer not null,
  billing_tier text not null,
  amount_minor bigint not null,
  currency text not null,
  change text not null check (change in ('left', 'regained')),
  constraint block_changes_pkey primary key (partition, partition_seq, block)
);
create index block_changes_by_block on ledger.block_changes (partition, account, period_start, block);

create trigger block_changes_append_only before update or delete on ledger.block_changes for each statement
  execute function ledger.refuse_change();
create trigger block_changes_no_truncate before truncate on ledger.block_changes for each statement
  execute function ledger.refuse_change();
alter table ledger.block_changes enable always trigger block_changes_append_only;
alter table ledger.block_changes enable always trigger block_changes_no_truncate;
grant select, insert on ledger.block_changes to tollgate_ledger;
do $$ begin
  if current_setting('server_version_num')::int >= 170000 then
    grant maintain on ledger.block_changes to tollgate_ledger;
  end if;
end $$;
`;
