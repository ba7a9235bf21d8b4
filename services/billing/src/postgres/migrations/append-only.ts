/** SQL: the rows of these tables of billing are read and added, never changed or removed. */
export const appendOnly = (...tables: readonly string[]): string =>
  tables
    .map(
      (table) => `
create trigger ${table}_append_only before update or delete on billing.${table} for each statement
  execute function billing.refuse_rewriting();
create trigger ${table}_no_truncate before truncate on billing.${table} for each statement
  execute function billing.refuse_rewriting();
alter table billing.${table} enable always trigger ${table}_append_only;
alter table billing.${table} enable always trigger ${table}_no_truncate;
grant select, insert on billing.${table} to tollgate_billing;`,
    )
    .join('\n');

/** SQL: each state of the rows of a table is kept in `billing.history`; the moment a row changed is in `at`. */
export const keptInHistory = (table: string, id: string, at: string): string => `
create function billing.keep_${table}() returns trigger language plpgsql as $$
begin
  insert into billing.history (kind, id, at, content) values ('${table}', new.${id}::text, new.${at}, to_jsonb(new));
  return null;
end $$;
create trigger ${table}_history after insert or update on billing.${table} for each row
  execute function billing.keep_${table}();
alter table billing.${table} enable always trigger ${table}_history;`;
