/** The document's user of a metered account: its id without prefix and escapes. */
const userOf = (id: string): string => `replace(replace(substr(${id}, 9), '%2F', '/'), '%25', '%')`;
const isUser = "a.kind = 4 and a.id like 'metered:%' and position('/' in a.id) = 0";

/**
 * The month of a fee, as `token_usage_summary` names months: the one the moment is in, in the zone of the plan that was
 * in force.
 */
const zoneAt = `(select v.content ->> 'time_zone' from billing.catalog_versions v
  where v.catalog = 'price-plan' and v.name = 'default' and v.effective_from <= i.period_start
    order by v.effective_from desc, v.version desc limit 1)`;

/**
 * The tier-billing document's tables and functions, as views over the books and over what billing knows of charges and
 * fees, with row-level security: `tollgate_reader` sees the user named by `app.user_id`, `finance` sees all.
 * Sums of different currencies never meet: a month of a user is in the currency of the plan; charges in others are rows
 * of `token_billing_charges`. A block that billing has not heard of yet is pending.
 */
export const createTierBillingViews = {
  name: '20261121070800-create-tier-billing-views',
  sql: `
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
       coalesce(c.billing_tier, public.calculate_billing_tier(8000000 * c.block + 1)) as billing_tier,
       c.block,
       coalesce(c.amount_minor, 10000) as amount_charged,
       coalesce(c.currency, 'BRL') as currency,
       case when b.status is null or b.status = 'processing' then 'pending' else b.status end as status,
       c.period_start, c.period_end,
       e.recorded_at as created_at
  from ledger.crossings c
  join ledger.accounts a on a.partition = c.partition and a.account = c.account
  join ledger.entries e on e.partition = c.partition and e.partition_seq = c.partition_seq
  left join billing.charges b on b.id = c.charge_id
 where ${isUser} and views.sees_user(${userOf('a.id')});
comment on view public.token_billing_charges
  is 'tier blocks that were entered, one charge each, in minor units, with where it stands at Stripe';

create view public.token_usage_summary with (security_barrier = true) as
select user_id, period_start, total_tokens, views.tier_label(total_tokens, (plan ->> 'included')::bigint,
  (plan ->> 'block')::bigint) as current_tier,
       fixed_fee_charged, tier_charges_count, tier_charges_total, fixed_fee_charged + tier_charges_total
         as total_charged, currency
  from (
    select ${userOf('a.id')} as user_id,
           -- The month it is in the middle of the period, whatever the time zone of its borders.
           date_trunc('month', to_timestamp((k.period_start_ms + k.period_end_ms) / 2000) at time zone 'UTC')::date
             as period_start,
           case when extract(epoch from last.period_start) * 1000 = k.period_start_ms then last.used_after
             else k.used end as total_tokens,
           priced.plan, priced.currency,
           (select coalesce(sum(i.amount_minor), 0)::bigint from billing.customers u
             join billing.invoices i on i.customer_id = u.customer_id
             where u.user_id = ${userOf('a.id')} and i.status = 'paid' and i.currency = priced.currency
               and i.period_start >= to_timestamp(k.period_start_ms / 1000.0)
                 and i.period_start < to_timestamp(k.period_end_ms / 1000.0)
           ) as fixed_fee_charged,
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
        select plan, coalesce(plan ->> 'currency', 'BRL') as currency from (
          select views.plan_content(a.partition, a.account, to_timestamp(k.period_start_ms / 1000.0)) as plan) p
      ) priced
      cross join lateral (
        select count(*) as tier_charges_count, coalesce(sum(coalesce(c.amount_minor, 10000)), 0)::bigint
          as tier_charges_total
          from ledger.crossings c left join billing.charges b on b.id = c.charge_id where c.partition = a.partition
            and c.account = a.account
           and extract(epoch from c.period_start) * 1000 = k.period_start_ms
           and b.status is distinct from 'cancelled' and coalesce(c.currency, 'BRL') = priced.currency
      ) charges
     where ${isUser} and views.sees_user(${userOf('a.id')})
  ) months;
comment on view public.token_usage_summary
  is 'usage, paid fees and tier charges (cancelled ones left out) a user and month, in the currency of the plan';

create view views.paid_fees with (security_barrier = true) as
select u.user_id, date_trunc('month', i.period_start at time zone coalesce(${zoneAt}, 'UTC'))::date as period_start,
  i.currency, sum(i.amount_minor)::bigint as amount
  from billing.customers u join billing.invoices i on i.customer_id = u.customer_id
 where i.status = 'paid' and views.sees_user(u.user_id)
 group by 1, 2, 3;
comment on view views.paid_fees is
  'monthly fees a user, month and currency, once their invoices are paid, in minor units';
grant select on views.paid_fees to tollgate_reader, finance;

create function public.get_user_token_summary(
  p_user_id text, p_period_start date default date_trunc('month', now() at time zone 'UTC')::date
) returns table (
  total_tokens bigint, current_tier text, fixed_fee_charged bigint, tier_charges_count bigint,
    tier_charges_total bigint, total_charged bigint
) language sql stable as $$
  select coalesce(s.total_tokens, 0), coalesce(s.current_tier, '0-8M'), coalesce(s.fixed_fee_charged, f.amount, 0),
    coalesce(s.tier_charges_count, 0),
         coalesce(s.tier_charges_total, 0), coalesce(s.total_charged, f.amount, 0)
    from (select date_trunc('month', p_period_start)::date as month) as asked
    left join public.token_usage_summary s on s.user_id = p_user_id and s.period_start = asked.month
    left join lateral (
      select amount from views.paid_fees where user_id = p_user_id and period_start = asked.month
        order by currency = 'BRL' desc, currency limit 1
    ) f on true
$$;

create function public.record_token_consumption(
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
comment on function public.record_token_consumption
  is 'queues usage for the log and answers the id it will have in token_consumption';
revoke execute on function public.record_token_consumption from public;
grant execute on function public.record_token_consumption to tollgate_reader, tollgate_producer;

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
