/** The month of what has a period: the one in its middle, whatever the time zone of its borders. */
const monthOf = (of: string): string => `finance.month_of(${of}.period_start, ${of}.period_end)`;
const then = ([name, key]: readonly [string, string]): string => `
create view finance.${name}_then as
select c.* from billing.${name} c where finance.as_of() = 'infinity'
union all
select (jsonb_populate_record(null::billing.${name}, h.content)).* from (
  select distinct on (id) content from billing.history
  where finance.as_of() <> 'infinity' and kind = '${name}' and at <= finance.as_of() order by id, position desc
) h;
comment on view finance.${name}_then is 'billing.${name} as they were at finance.as_of(); key ${key}';`;

/**
 * One meaning of month in every view (docs/finance.md): \`month\` is that of the service, \`cash_month\` that of the
 * money; and every view as it was at a time, by the setting \`tollgate.as_of\` of the transaction that reads it.
 */
export const sayTheMonth = {
  name: '20261127233100-say-the-month',
  sql: `
create function finance.as_of() returns timestamptz language sql stable as
  $$ select coalesce(nullif(current_setting('tollgate.as_of', true), '')::timestamptz, 'infinity') $$;
create function finance.month_of(p_start timestamptz, p_end timestamptz) returns text language sql immutable as
  $$ select to_char((p_start + (p_end - p_start) / 2) at time zone 'UTC', 'YYYY-MM') $$;
create function finance.zone_at(p_at timestamptz) returns text language sql stable security definer set search_path =
  '' as $$
  select coalesce((select content ->> 'time_zone' from billing.catalog_versions
    where catalog = 'price-plan' and name = 'default' and effective_from <= p_at order by effective_from desc,
      version desc limit 1), 'UTC')
$$;
create function finance.month_at(p_at timestamptz) returns text language sql stable as $$
  select to_char(p_at at time zone finance.zone_at(date_trunc('month', p_at, finance.zone_at(p_at))), 'YYYY-MM')
$$;
comment on function finance.month_at is 'the month of a moment, in the time zone of the plan default in force as that month began';
revoke execute on function finance.zone_at from public;
grant execute on function finance.zone_at to finance, tollgate_finance;

drop view finance.statement, finance.revenue, finance.open_receivables, finance.payments, finance.refunds,
  finance.credit_notes, finance.fees,
  finance.attempts, finance.charges, finance.unbilled_usage, finance.trial_balance;
${(
  [
    ['charges', 'id'],
    ['refunds', 'id'],
    ['invoices', 'invoice_id'],
  ] as const
)
  .map(then)
  .join('')}

create view finance.charges as
select c.id, c.user_id, c.account, ${monthOf('c')} as month, c.period_start, c.period_end, c.block, c.plan,
  c.billing_tier,
  c.amount_minor, c.currency, finance.decimal(c.amount_minor, c.currency) as amount, c.status, c.reason,
    c.payment_intent, c.attempts, c.paid_at,
  case when c.paid_at is not null then finance.month_at(c.paid_at) end as cash_month, c.credited_at, c.entry,
    c.created_at, c.updated_at
from finance.charges_then c;
comment on view finance.charges is 'every tier block that was charged, once, and where it stands';

create view finance.attempts as
select a.charge_id, a.number, a.kind, a.started_at, c.user_id, ${monthOf('c')} as month, c.amount_minor, c.currency,
  finance.decimal(c.amount_minor, c.currency) as amount, coalesce(o.payment_intent, a.request ->> 'payment_intent')
    as payment_intent,
  coalesce(o.outcome, 'under way') as outcome, o.code, o.occurred_at as answered_at
from billing.charge_attempts a
join billing.charges c on c.id = a.charge_id
join billing.charge_events s on s.charge_id = a.charge_id and s.type = 'AttemptStarted'
  and (s.data ->> 'number')::integer = a.number
left join lateral (
  select case e.type when 'ChargeSucceeded' then 'paid' when 'ChargeDeclined' then 'declined'
    when 'ActionRequired' then 'action required'
      when 'AttemptRejected' then 'rejected' when 'ChargeCancelled' then 'cancelled'
        when 'PaymentPending' then 'processing' else 'no answer' end as outcome,
    coalesce(e.data ->> 'code', e.data ->> 'reason') as code, e.data ->> 'paymentIntent' as payment_intent,
      e.occurred_at
  from billing.charge_events e
  where e.charge_id = a.charge_id and e.number > s.number and e.occurred_at <= finance.as_of()
    and e.type in ('ChargeSucceeded', 'ChargeDeclined', 'ActionRequired', 'AttemptRejected', 'ChargeCancelled',
      'PaymentPending', 'CallUnanswered')
    and e.number < coalesce((select min(n.number) from billing.charge_events n
      where n.charge_id = a.charge_id and n.type in ('AttemptStarted', 'ChargeReopened', 'ChargeRevived')
        and n.number > s.number), 2147483647)
  order by e.number desc limit 1
) o on true
where a.started_at <= finance.as_of();
comment on view finance.attempts is 'everything that was sent to Stripe for a charge, and how each try ended';

create view finance.fees as
select i.invoice_id, i.subscription_id, i.customer_id, u.user_id, finance.month_at(i.period_start) as month,
  i.period_start, i.amount_minor, i.currency,
  finance.decimal(i.amount_minor, i.currency) as amount, i.status, i.paid_at, case when i.paid_at
    is not null then finance.month_at(i.paid_at) end as cash_month, i.told_at
from finance.invoices_then i
left join lateral (select user_id from billing.customers where customer_id = i.customer_id
  order by user_id limit 1) u on true;
comment on view finance.fees is 'invoices of monthly fees, as Stripe told them';

create view finance.payments as
select c.id as charge_id, c.series, c.user_id, c.account, ${monthOf('c')} as month, c.paid_at,
  finance.month_at(c.paid_at) as cash_month, c.block, c.billing_tier,
  c.payment_intent, c.amount_minor, c.currency, finance.decimal(c.amount_minor, c.currency) as amount, c.created_at
from finance.charges_then c where c.status = 'succeeded'
union all
select c.id, p.series, c.user_id, c.account, ${monthOf('c')}, p.paid_at, finance.month_at(p.paid_at), c.block,
  c.billing_tier, p.payment_intent,
  p.amount_minor, p.currency, finance.decimal(p.amount_minor, p.currency), c.created_at
from billing.past_payments p join billing.charges c on c.id = p.charge_id where p.ended_at <= finance.as_of();
comment on view finance.payments is 'every payment of a block and when it was paid, also one that was refunded before the block was charged anew';
`,
} as const;
