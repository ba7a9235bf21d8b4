/**
 * Lets the ledger refresh the planner's statistics while its tables grow from nothing: the server's own turn comes a
 * minute later, and until then look-ups in thousands of entries are planned for an empty table. PostgreSQL 17 and
 * newer.
 */
export const allowAnalyze = `
do $$ begin
  if current_setting('server_version_num')::int >= 170000 then
    grant maintain on all tables in schema ledger to tollgate_ledger;
  end if;
end $$;
`;
