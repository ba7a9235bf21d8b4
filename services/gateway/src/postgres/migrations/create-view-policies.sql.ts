/** Who sees what of the documents' views and who may record usage by SQL, and the documents' small functions. */
export const createViewPolicies = {
  name: '20261121070600-create-view-policies',
  sql: `
do $$ begin
  create role finance nologin;
exception when duplicate_object or unique_violation or internal_error then null;
end $$;
grant usage on schema views to finance, tollgate_producer;

create function views.sees_user(p_user_id text) returns boolean language sql stable as
  $$ select pg_has_role(current_user, 'finance', 'member') or p_user_id = nullif(current_setting('app.user_id', true),
    '') $$;
comment on function views.sees_user is 'the row policy of the documents'' views: one''s own rows, or all for finance';

-- UUID version 3 of an entry's id: what the gateway answers as consumptionId.
create function views.consumption_id(p_entry text) returns uuid language sql immutable strict as $$
  select (substr(h, 1, 12) || '3' || substr(h, 14, 3) || substr('89ab', (('x' || substr(h, 17,
    1))::bit(4)::int & 3) + 1, 1) || substr(h, 18, 15))::uuid
    from md5(decode('b7a4e1c25d0f4c3b9a610e8d7f2c4a95', 'hex') || convert_to(p_entry, 'UTF8')) h
$$;

create function public.calculate_billing_tier(tokens_used bigint) returns text language sql immutable strict as $$
  select case when tokens_used <= 8000000 then '0-8M'
    else (8 * k)::text || 'M-' || (8 * (k + 1))::text || 'M' end
  from (select (tokens_used - 1) / 8000000 as k) as blocks
$$;

-- In a function that runs as its owner, the setting tells who called it: the role that was set, else the one that
-- logged in.
create function views.may_report(p_user_id text) returns boolean language sql stable set search_path = '' as $$
  select pg_catalog.pg_has_role(case pg_catalog.current_setting('role') when 'none' then session_user
    else pg_catalog.current_setting('role')::name end, 'tollgate_producer', 'member')
    or p_user_id = nullif(pg_catalog.current_setting('app.user_id', true), '')
$$;
comment on function views.may_report is
  'whether the caller may record usage of this user: producers of anybody, readers their own';
`,
} as const;
