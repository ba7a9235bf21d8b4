/**
 * Who may record usage by SQL: `tollgate_producer` of anybody, `tollgate_reader` of the user that `app.user_id` names.
 */
export const separateProducers = {
  name: '20261127221600-separate-producers',
  sql: `
grant usage on schema views to tollgate_producer;

-- In a function that runs as its owner, the setting tells who called it: the role that was set, else the one that
-- logged in.
create function views.may_report(p_user_id text) returns boolean language sql stable set search_path = '' as $$
  select pg_catalog.pg_has_role(case pg_catalog.current_setting('role') when 'none' then session_user
    else pg_catalog.current_setting('role')::name end, 'tollgate_producer', 'member')
    or p_user_id = nullif(pg_catalog.current_setting('app.user_id', true), '')
$$;
comment on function views.may_report is
  'whether the caller may record usage of this user: producers of anybody, readers their own';

create or replace function public.record_token_consumption(
  p_user_id text, p_tokens_used bigint, p_operation_type text default 'chat', p_client_id text default null,
    p_metadata jsonb default '{}'
) returns uuid language plpgsql security definer set search_path = '' as $$
declare
  recorded uuid;
begin
  if not coalesce(views.may_report(p_user_id), false) then
    raise insufficient_privilege using message =
      'usage of another user than app.user_id names is recorded by tollgate_producer only';
  end if;
  insert into gateway.consumption_queue (user_id, tokens_used, operation_type, client_id, metadata)
  values (p_user_id, p_tokens_used, p_operation_type, p_client_id, coalesce(p_metadata, '{}'::jsonb))
    returning id into recorded;
  return recorded;
end
$$;
grant execute on function public.record_token_consumption to tollgate_producer;
`,
} as const;
