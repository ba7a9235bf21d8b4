/**
 * The plan version that prices a period (rule 17), as the ledger decided it, and what tiers are called by it.
 * `views.plan_content` follows `planAt` of the ledger's domain.
 */
export const createPlanFunctions = {
  name: '20261121070700-create-plan-functions',
  sql: `
create function views.plan_content(p_partition smallint, p_account integer, p_start timestamptz) returns jsonb
language sql stable security definer set search_path = '' as $$
  with account as (
    select a.opened_at, greatest(p_start, a.opened_at) as since from ledger.accounts a where a.partition = p_partition
      and a.account = p_account
  ), terms as (
    select t.settings, p_start <= account.opened_at as first
      from account, ledger.account_terms t
      join ledger.entries e on e.partition = p_partition and e.account = p_account and e.seq = t.seq
     where t.partition = p_partition and t.account = p_account and e.recorded_at <= account.since
     order by t.seq desc limit 1
  ), named as (
    select coalesce((
      select e ->> 'plan' from jsonb_array_elements(settings -> 'earlier_plans') e
       where (e ->> 'until')::timestamptz >= p_start order by (e ->> 'until')::timestamptz limit 1),
         settings ->> 'plan', 'default') as plan,
      case when first then settings -> 'first_plan' end as pinned
    from terms
  )
  select coalesce((
    select v.item -> 'content'
      from named, ledger.catalog_versions v
      cross join lateral (select greatest((v.item ->> 'effective_from')::timestamptz, v.booked_at) as since) f
     where v.partition = p_partition and v.catalog = 'price-plan'
       and case when named.pinned is null then v.name in (named.plan, 'default') and f.since <= p_start
         and v.booked_at < p_start
             else v.name = named.pinned ->> 'name' and v.version = (named.pinned ->> 'version')::integer end
     order by v.name = named.plan desc, f.since desc, v.version desc limit 1),
    '{"included": "8000000", "block": "8000000"}'::jsonb)
$$;
comment on function views.plan_content is
  'the price plan version that prices the period of an account that starts then';

revoke execute on function views.plan_content from public;
grant execute on function views.plan_content to tollgate_reader, finance;

create function views.in_millions(p_units numeric) returns text language sql immutable strict as
  $$ select case when p_units % 1000000 = 0 then trunc(p_units / 1000000)::text || 'M' else p_units::text end $$;
create function views.tier_label(p_used bigint, p_included bigint, p_block bigint) returns text language sql immutable
  strict as $$
  select case when k = 0 then '0-' || views.in_millions(p_included)
    else views.in_millions(p_included + (k - 1) * p_block) || '-' || views.in_millions(p_included + k * p_block)
  end
  from (select case when p_used <= p_included then 0::numeric
    else div(p_used::numeric - p_included + p_block - 1, p_block) end as k) as blocks
$$;
`,
} as const;
