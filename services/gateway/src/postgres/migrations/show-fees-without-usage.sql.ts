/**
 * The month of a fee, as `token_usage_summary` names months: the one the moment is in, in the zone of the plan that was
 * in force.
 */
const zoneAt = `(select v.content ->> 'time_zone' from billing.catalog_versions v
  where v.catalog = 'price-plan' and v.name = 'default' and v.effective_from <= i.period_start
    order by v.effective_from desc, v.version desc limit 1)`;

/** A fee that was paid is charged, whether or not anything was used (surfaces §5). */
export const showFeesWithoutUsage = {
  name: '20261121182000-show-fees-without-usage',
  sql: `
create view views.paid_fees with (security_barrier = true) as
select u.user_id, date_trunc('month', i.period_start at time zone coalesce(${zoneAt}, 'UTC'))::date as period_start,
  sum(i.amount_minor)::bigint as amount
  from billing.customers u join billing.invoices i on i.customer_id = u.customer_id
 where i.status = 'paid' and views.sees_user(u.user_id)
 group by 1, 2;
comment on view views.paid_fees is 'monthly fees a user and month, once their invoices are paid, in minor units';
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
    left join views.paid_fees f on f.user_id = p_user_id and f.period_start = asked.month
$$;
`,
} as const;
