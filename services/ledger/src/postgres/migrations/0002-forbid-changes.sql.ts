/**
 * Update, delete and truncate of the books are refused twice: the role is not granted them, and a trigger refuses
 * anyone.
 */
const appendOnly = [
  'names',
  'accounts',
  'entries',
  'account_terms',
  'lots',
  'holds',
  'counters',
  'timers',
  'crossings',
  'catalog_versions',
  'dead_letters',
  'seals',
];

export const forbidChanges = `
create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, tg_op
    using errcode = 'insufficient_privilege', hint = 'a mistake is corrected by another entry';
end $$;
${appendOnly
  .map(
    (table) => `
create trigger ${table}_append_only before update or delete on ledger.${table} for each statement
  execute function ledger.refuse_change();
create trigger ${table}_no_truncate before truncate on ledger.${table} for each statement
  execute function ledger.refuse_change();
alter table ledger.${table} enable always trigger ${table}_append_only;
alter table ledger.${table} enable always trigger ${table}_no_truncate;`,
  )
  .join('')}

-- Erasing the words beside an entry is the one change that is allowed: content and salt to null, the commitment stays.
create function ledger.refuse_details_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.partition = old.partition and new.partition_seq = old.partition_seq
    and new.commitment = old.commitment and new.salt is null and new.content is null then return new;
  end if;
  raise exception 'ledger.details can only be erased' using errcode = 'insufficient_privilege';
end $$;
create trigger details_erase_only before update or delete on ledger.details for each row
  execute function ledger.refuse_details_change();
create trigger details_no_truncate before truncate on ledger.details for each statement
  execute function ledger.refuse_change();

grant select, insert on all tables in schema ledger to tollgate_ledger;
grant update on ledger.positions, ledger.publications to tollgate_ledger;
grant update (salt, content) on ledger.details to tollgate_ledger;
grant delete on ledger.refusals to tollgate_ledger;
`;
