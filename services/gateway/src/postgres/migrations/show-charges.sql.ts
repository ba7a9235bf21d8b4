/** The document's user of a metered account: its id without prefix and escapes. */
const userOf = (id: string): string => `replace(replace(substr(${id}, 9), '%2F', '/'), '%25', '%')`;
const isUser = "a.kind = 4 and a.id like 'metered:%' and position('/' in a.id) = 0";

/**
 * The document's tables with what billing knows: where each charge stands and which fees are paid. A block it has not
 * heard of yet is pending.
 */
export const showCharges = {
  name: '20261121122000-show-charges',
  sql: `
create or replace view public.token_billing_charges with (security_barrier = true) as
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

create or replace view public.token_usage_summary with (security_barrier = true) as
select user_id, period_start, total_tokens, views.tier_label(total_tokens, (plan ->> 'included')::bigint,
  (plan ->> 'block')::bigint) as current_tier,
       fixed_fee_charged, tier_charges_count, tier_charges_total, fixed_fee_charged + tier_charges_total
         as total_charged
  from (
    select ${userOf('a.id')} as user_id,
           -- The month it is in the middle of the period, whatever the time zone of its borders.
           date_trunc('month', to_timestamp((k.period_start_ms + k.period_end_ms) / 2000) at time zone 'UTC')::date
             as period_start,
           case when extract(epoch from last.period_start) * 1000 = k.period_start_ms then last.used_after
             else k.used end as total_tokens,
           views.plan_content(a.partition, a.account, to_timestamp(k.period_start_ms / 1000.0)) as plan,
           (select coalesce(sum(i.amount_minor), 0)::bigint from billing.customers u
             join billing.invoices i on i.customer_id = u.customer_id
             where u.user_id = ${userOf('a.id')} and i.status = 'paid'
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
        select count(*) as tier_charges_count, coalesce(sum(coalesce(c.amount_minor, 10000)), 0)::bigint
          as tier_charges_total
          from ledger.crossings c left join billing.charges b on b.id = c.charge_id where c.partition = a.partition
            and c.account = a.account
           and extract(epoch from c.period_start) * 1000 = k.period_start_ms
           and b.status is distinct from 'cancelled'
      ) charges
     where ${isUser} and views.sees_user(${userOf('a.id')})
  ) months;
comment on view public.token_usage_summary
  is 'usage, paid fees and tier charges (cancelled ones left out) a user and month';
`,
} as const;
