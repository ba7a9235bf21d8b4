/** The document's user of a metered account: its id without prefix and escapes. */
const userOf = (id: string): string => `replace(replace(substr(${id}, 9), '%2F', '/'), '%25', '%')`;
const isUser = "a.kind = 4 and a.id like 'metered:%' and position('/' in a.id) = 0";

/**
 * The tier-billing document's tables and functions, as views over the books, and row-level security: `tollgate_reader`
 * sees the user named by the setting `app.user_id`, `finance` sees all. Prices are those of the built-in plan.
 */
export const createTierBilling = {
  name: '20261121070600-create-tier-billing',
  sql: `
do $$ begin
  create role finance nologin;
exception when duplicate_object or unique_violation or internal_error then null;
end $$;
grant usage on schema views to finance;

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

create view public.token_consumption with (security_barrier = true) as
select case when s.text = 'sql:record_token_consumption' then e.request_id::uuid
         else views.consumption_id(e.partition || '-' || e.partition_seq) end as id,
       ${userOf('a.id')} as user_id,
       d.content -> 'metadata' ->> 'client_id' as client_id,
       d.content ->> 'purpose' as operation_type,
       -e.amount as tokens_used,
       coalesce(d.content -> 'metadata' -> 'metadata', '{}'::jsonb) as metadata,
       e.recorded_at as created_at
  from ledger.accounts a
  join ledger.entries e on e.partition = a.partition and e.account = a.account and e.kind in (4, 7, 12, 14)
  join ledger.names s on s.partition = e.partition and s.name = e.source
  left join ledger.details d on d.partition = e.partition and d.partition_seq = e.partition_seq
 where ${isUser} and (e.kind = 4 or e.amount <> 0) and views.sees_user(${userOf('a.id')});
comment on view public.token_consumption
  is 'usage of metered accounts; corrections are negative; a projection of the books, for reading only';

create view public.token_billing_charges with (security_barrier = true) as
select c.charge_id as id,
       ${userOf('a.id')} as user_id,
       public.calculate_billing_tier(8000000 * c.block + 1) as billing_tier,
       c.block,
       10000::bigint as amount_charged,
       'BRL'::text as currency,
       'pending'::text as status,
       c.period_start, c.period_end,
       e.recorded_at as created_at
  from ledger.crossings c
  join ledger.accounts a on a.partition = c.partition and a.account = c.account
  join ledger.entries e on e.partition = c.partition and e.partition_seq = c.partition_seq
 where ${isUser} and views.sees_user(${userOf('a.id')});
comment on view public.token_billing_charges
  is 'tier blocks that were entered, one charge each, in centavos; nothing is charged by this version';

create view public.token_usage_summary with (security_barrier = true) as
select user_id, period_start, total_tokens, public.calculate_billing_tier(total_tokens) as current_tier,
  0::bigint as fixed_fee_charged,
       tier_charges_count, 10000 * tier_charges_count as tier_charges_total, 10000 * tier_charges_count as total_charged
  from (
    select ${userOf('a.id')} as user_id,
           (to_timestamp(k.period_start_ms / 1000) at time zone 'UTC')::date as period_start,
           case when extract(epoch from last.period_start) * 1000 = k.period_start_ms then last.used_after
             else k.used end as total_tokens,
           (select count(*) from ledger.crossings c where c.partition = a.partition and c.account = a.account
              and extract(epoch from c.period_start) * 1000 = k.period_start_ms) as tier_charges_count
      from ledger.accounts a
      cross join lateral (
        select distinct on (period_start_ms) period_start_ms, used from ledger.counters
         where partition = a.partition and account = a.account and period_start_ms >= 0 order by period_start_ms,
           seq desc
      ) k
      cross join lateral (
        select e.period_start, e.used_after from ledger.entries e
         where e.partition = a.partition and e.account = a.account order by e.seq desc limit 1
      ) last
     where ${isUser} and views.sees_user(${userOf('a.id')})
  ) months;
comment on view public.token_usage_summary
  is 'usage and tier charges a user and month; the fixed fee counts once its invoice is paid, which nothing does yet';

create function public.get_user_token_summary(
  p_user_id text, p_period_start date default date_trunc('month', now() at time zone 'UTC')::date
) returns table (
  total_tokens bigint, current_tier text, fixed_fee_charged bigint, tier_charges_count bigint,
    tier_charges_total bigint, total_charged bigint
) language sql stable as $$
  select coalesce(s.total_tokens, 0), coalesce(s.current_tier, '0-8M'), coalesce(s.fixed_fee_charged, 0),
    coalesce(s.tier_charges_count, 0),
         coalesce(s.tier_charges_total, 0), coalesce(s.total_charged, 0)
    from (select 1) as always
    left join public.token_usage_summary s on s.user_id = p_user_id and s.period_start = date_trunc('month',
      p_period_start)::date
$$;

create function public.record_token_consumption(
  p_user_id text, p_tokens_used bigint, p_operation_type text default 'chat', p_client_id text default null,
    p_metadata jsonb default '{}'
) returns uuid language sql security definer set search_path = '' as $$
  insert into gateway.consumption_queue (user_id, tokens_used, operation_type, client_id, metadata)
  values (p_user_id, p_tokens_used, p_operation_type, p_client_id, coalesce(p_metadata, '{}'::jsonb)) returning id
$$;
comment on function public.record_token_consumption
  is 'queues usage for the log and answers the id it will have in token_consumption';
revoke execute on function public.record_token_consumption from public;
grant execute on function public.record_token_consumption to tollgate_reader;

-- The licence-key document's view, under the same policy.
create or replace view public.token_usage with (security_barrier = true) as
select e.partition || '-' || e.partition_seq as id,
       k.id as license_key_id,
       t.owner as user_id,
       e.balance_after - e.amount as previous_balance,
       e.balance_after as new_balance,
       d.content ->> 'purpose' as purpose,
       d.content -> 'metadata' as metadata,
       e.recorded_at as created_at
  from gateway.license_keys k
  join ledger.accounts a on a.partition = k.partition and a.id = k.account
  join ledger.entries e on e.partition = a.partition and e.account = a.account and e.kind = 4
  left join ledger.details d on d.partition = e.partition and d.partition_seq = e.partition_seq
  left join lateral (
    select owner from ledger.account_terms
     where partition = e.partition and account = e.account and seq <= e.seq
     order by seq desc limit 1
  ) t on true
 where views.sees_user(t.owner);
grant select on public.token_usage, public.token_consumption, public.token_billing_charges,
  public.token_usage_summary to tollgate_reader, finance;
`,
} as const;
