/** Tier blocks: what was entered, charged, tried and paid. */
export const financeCharges = {
  name: '20261128000010-finance-charges',
  sql: `
create view finance.charges as
select c.id, c.user_id, c.account, finance.month_of(c.period_start, c.period_end) as month, c.period_start,
  c.period_end, c.block, c.plan,
  c.billing_tier,
  c.amount_minor, c.currency, finance.decimal(c.amount_minor, c.currency) as amount, c.status, c.reason,
    c.payment_intent, c.attempts, c.paid_at,
  case when c.paid_at is not null then finance.month_at(c.paid_at) end as cash_month, c.credited_at, c.entry,
    c.created_at, c.updated_at
from finance.charges_then c;
comment on view finance.charges is 'every tier block that was charged, once, and where it stands';

create view finance.attempts as
select a.charge_id, a.number, a.kind, a.started_at, c.user_id, finance.month_of(c.period_start,
  c.period_end) as month, c.amount_minor, c.currency,
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

create view finance.payments as
select c.id as charge_id, c.series, c.user_id, c.account, finance.month_of(c.period_start, c.period_end) as month,
  c.paid_at,
  finance.month_at(c.paid_at) as cash_month, c.block, c.billing_tier,
  c.payment_intent, c.amount_minor, c.currency, finance.decimal(c.amount_minor, c.currency) as amount, c.created_at
from finance.charges_then c where c.status = 'succeeded'
union all
select c.id, p.series, c.user_id, c.account, finance.month_of(c.period_start, c.period_end), p.paid_at,
  finance.month_at(p.paid_at), c.block,
  c.billing_tier, p.payment_intent,
  p.amount_minor, p.currency, finance.decimal(p.amount_minor, p.currency), c.created_at
from billing.past_payments p join billing.charges c on c.id = p.charge_id where p.ended_at <= finance.as_of();
comment on view finance.payments
  is 'every payment of a block and when it was paid, also one that was refunded before the block was charged anew';

create view finance.unbilled_usage as
select x.charge_id, a.id as account, finance.month_of(x.period_start, x.period_end) as month, x.block, x.plan,
  x.plan_version, x.billing_tier,
  x.amount_minor,
  x.currency, finance.decimal(x.amount_minor, x.currency) as amount, e.recorded_at as entered_at
from ledger.crossings x
join ledger.accounts a on a.partition = x.partition and a.account = x.account
join ledger.entries e on e.partition = x.partition and e.partition_seq = x.partition_seq
where x.charge_id is not null and e.recorded_at <= finance.as_of()
  and not exists (select 1 from billing.charges c where c.id = x.charge_id and c.created_at <= finance.as_of());
comment on view finance.unbilled_usage is 'tier blocks that the books have entered and no charge exists for yet';

grant select on finance.charges, finance.attempts, finance.payments, finance.unbilled_usage to finance,
  tollgate_finance;
`,
} as const;
