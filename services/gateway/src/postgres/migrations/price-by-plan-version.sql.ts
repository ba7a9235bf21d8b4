/** The document's user of a metered account: its id without prefix and escapes. */
const userOf = (id: string): string => `replace(replace(substr(${id}, 9), '%2F', '/'), '%25', '%')`;
const isUser = "a.kind = 4 and a.id like 'metered:%' and position('/' in a.id) = 0";

/**
 * Tier names and amounts by the plan version that prices the period (rule 17), as the ledger decided them; crossings of
 * before are of the built-in plan. `views.plan_content` follows `planAt` of the ledger's domain.
 */
export const priceByPlanVersion = {
  name: '20261121120000-price-by-plan-version',
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

create or replace view public.token_billing_charges with (security_barrier = true) as
select c.charge_id as id,
       ${userOf('a.id')} as user_id,
       coalesce(c.billing_tier, public.calculate_billing_tier(8000000 * c.block + 1)) as billing_tier,
       c.block,
       coalesce(c.amount_minor, 10000) as amount_charged,
       coalesce(c.currency, 'BRL') as currency,
       'pending'::text as status,
       c.period_start, c.period_end,
       e.recorded_at as created_at
  from ledger.crossings c
  join ledger.accounts a on a.partition = c.partition and a.account = c.account
  join ledger.entries e on e.partition = c.partition and e.partition_seq = c.partition_seq
 where ${isUser} and views.sees_user(${userOf('a.id')});
comment on view public.token_billing_charges
  is 'tier blocks that were entered, one charge each, in minor units; nothing is charged by this version';

create or replace view public.token_usage_summary with (security_barrier = true) as
select user_id, period_start, total_tokens, views.tier_label(total_tokens, (plan ->> 'included')::bigint,
  (plan ->> 'block')::bigint) as current_tier,
       0::bigint as fixed_fee_charged, tier_charges_count, tier_charges_total, tier_charges_total as total_charged
  from (
    select ${userOf('a.id')} as user_id,
           -- The month it is in the middle of the period, whatever the time zone of its borders.
           date_trunc('month', to_timestamp((k.period_start_ms + k.period_end_ms) / 2000) at time zone 'UTC')::date
             as period_start,
           case when extract(epoch from last.period_start) * 1000 = k.period_start_ms then last.used_after
             else k.used end as total_tokens,
           views.plan_content(a.partition, a.account, to_timestamp(k.period_start_ms / 1000.0)) as plan,
           charges.tier_charges_count, charges.tier_charges_total
      from ledger.accounts a
      cross join lateral (
        select distinct on (period_start_ms) period_start_ms, period_end_ms, used from ledger.counters
         where partition = a.partition and account = a.account and period_start_ms >= 0 order by period_start_ms,
           seq desc
      ) k
      cross join lateral (
        select e.period_start, e.used_after from ledger.entries e
         where e.partition = a.partition and e.account = a.account order by e.seq desc limit 1
      ) last
      cross join lateral (
        select count(*) as tier_charges_count, coalesce(sum(coalesce(c.amount_minor, 10000)), 0)::bigint
          as tier_charges_total
          from ledger.crossings c where c.partition = a.partition and c.account = a.account
           and extract(epoch from c.period_start) * 1000 = k.period_start_ms
      ) charges
     where ${isUser} and views.sees_user(${userOf('a.id')})
  ) months;
comment on view public.token_usage_summary
  is 'usage and tier charges a user and month; the fixed fee counts once its invoice is paid, which nothing does yet';
`,
} as const;
