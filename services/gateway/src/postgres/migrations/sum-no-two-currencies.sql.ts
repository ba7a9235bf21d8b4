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
 * Sums of different currencies never meet: a month of a user is in the currency of the plan; the charges of others are
 * rows of `token_billing_charges`.
 */
export const sumNoTwoCurrencies = {
  name: '20261127232000-sum-no-two-currencies',
  sql: `
create or replace view public.token_usage_summary with (security_barrier = true) as
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

drop view views.paid_fees;
create view views.paid_fees with (security_barrier = true) as
select u.user_id, date_trunc('month', i.period_start at time zone coalesce(${zoneAt}, 'UTC'))::date as period_start,
  i.currency, sum(i.amount_minor)::bigint as amount
  from billing.customers u join billing.invoices i on i.customer_id = u.customer_id
 where i.status = 'paid' and views.sees_user(u.user_id)
 group by 1, 2, 3;
comment on view views.paid_fees is
  'monthly fees a user, month and currency, once their invoices are paid, in minor units';
grant select on views.paid_fees to tollgate_reader, finance;

create or replace function public.get_user_token_summary(
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
`,
} as const;
