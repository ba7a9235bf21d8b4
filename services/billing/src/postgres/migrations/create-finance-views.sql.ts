/** A period is named by the month it is in its middle, whatever the time zone of its borders. */
const monthOf = (start: string, end: string): string =>
  `to_char((${start} + (${end} - ${start}) / 2) at time zone 'UTC', 'YYYY-MM')`;
const dayMonth = (at: string): string => `to_char(${at} at time zone 'UTC', 'YYYY-MM')`;

/**
 * Views for finance; docs/finance.md says the formula of each figure. Amounts are minor units, and decimal text beside
 * them.
 */
export const createFinanceViews = {
  name: '20261121130000-create-finance-views',
  sql: `
do $$ begin
  create role finance nologin;
exception when duplicate_object or unique_violation or internal_error then null;
end $$;

create function finance.decimal(p_minor numeric, p_currency text) returns text language sql immutable strict as $$
  select case
    when p_currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV',
      'XAF', 'XOF', 'XPF') then trunc(p_minor)::text
    when p_currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then round(p_minor / 1000, 3)::text
    else round(p_minor / 100, 2)::text end
$$;

create view finance.charges as
select c.id, c.user_id, c.account, ${monthOf('c.period_start', 'c.period_end')} as month, c.period_start, c.period_end,
  c.block, c.plan, c.billing_tier,
  c.amount_minor, c.currency, finance.decimal(c.amount_minor, c.currency) as amount, c.status, c.reason,
    c.payment_intent, c.attempts, c.credited_at,
  c.entry, c.created_at, c.updated_at
from billing.charges c;
comment on view finance.charges is 'every tier block that was charged, once, and where it stands';

create view finance.attempts as
select a.charge_id, a.number, a.kind, a.started_at, c.user_id, ${monthOf('c.period_start', 'c.period_end')} as month,
  c.amount_minor, c.currency,
  finance.decimal(c.amount_minor, c.currency) as amount, c.payment_intent
from billing.charge_attempts a join billing.charges c on c.id = a.charge_id;
comment on view finance.attempts is 'everything that was sent to Stripe for a charge';

create view finance.fees as
select i.invoice_id, i.subscription_id, i.customer_id, u.user_id, ${dayMonth('i.period_start')} as month,
  i.period_start, i.amount_minor, i.currency,
  finance.decimal(i.amount_minor, i.currency) as amount, i.status, i.told_at
from billing.invoices i
left join lateral (select user_id from billing.customers where customer_id = i.customer_id
  order by user_id limit 1) u on true;
comment on view finance.fees is 'invoices of monthly fees, as Stripe told them';

create view finance.credit_notes as
select c.id as charge_id, c.user_id, ${monthOf('c.period_start', 'c.period_end')} as month, c.credited_at,
  c.amount_minor, c.currency,
  finance.decimal(c.amount_minor, c.currency) as amount, c.payment_intent, 'refund ' || finance.decimal(c.amount_minor,
    c.currency) || ' ' || c.currency
    || ' of ' || coalesce(c.payment_intent, 'an unknown payment') as proposal
from billing.charges c where c.credited_at is not null and c.status = 'succeeded';
comment on view finance.credit_notes is 'paid charges whose usage was corrected away: what is owed back, as a proposal; nothing is refunded by itself';

create view finance.revenue as
select month, currency, kind, count(*) as count, sum(amount_minor)::bigint as amount_minor,
  finance.decimal(sum(amount_minor), currency) as amount
from (
  select month, currency, 'usage' as kind, amount_minor from finance.charges where status = 'succeeded'
  union all select month, currency, 'fee', amount_minor from finance.fees where status = 'paid'
  union all select ${dayMonth('credited_at')}, currency, 'credit', -amount_minor from finance.credit_notes
) as paid group by month, currency, kind;
comment on view finance.revenue is 'what was paid, by the month of the usage or fee; credits in the month in which they arose';

create view finance.unbilled_usage as
select x.charge_id, a.id as account, ${monthOf('x.period_start', 'x.period_end')} as month, x.block, x.plan,
  x.plan_version, x.billing_tier, x.amount_minor,
  x.currency, finance.decimal(x.amount_minor, x.currency) as amount, e.recorded_at as entered_at
from ledger.crossings x
join ledger.accounts a on a.partition = x.partition and a.account = x.account
join ledger.entries e on e.partition = x.partition and e.partition_seq = x.partition_seq
where x.charge_id is not null and not exists (select 1 from billing.charges c where c.id = x.charge_id);
comment on view finance.unbilled_usage is 'tier blocks that the books have entered and no charge exists for yet';

create view finance.open_receivables as
select 'usage' as kind, id::text as id, user_id, month, amount_minor, currency, amount, status, reason, created_at
  as since
from finance.charges where status in ('pending', 'processing', 'requires_action', 'failed') and amount_minor > 0
union all
select 'fee', invoice_id, user_id, month, amount_minor, currency, amount, status, null, period_start from finance.fees
  where status in ('open', 'failed');
comment on view finance.open_receivables is 'what is owed and not paid';

create view finance.trial_balance as
with moved as (
  select u.text as unit, k.text as contra, -sum(e.amount) as amount
  from ledger.entries e
  join ledger.accounts a on a.partition = e.partition and a.account = e.account
  join ledger.names u on u.partition = a.partition and u.name = a.unit
  join ledger.names k on k.partition = e.partition and k.name = e.contra
  where e.amount <> 0 group by u.text, k.text
), held as (
  select u.text as unit, sum(last.balance_after) as amount
  from ledger.accounts a
  join ledger.names u on u.partition = a.partition and u.name = a.unit
  cross join lateral (
    select balance_after from ledger.entries e where e.partition = a.partition and e.account = a.account
      order by e.seq desc limit 1
  ) last group by u.text
), sides as (
  select unit, 'contra:' || contra as side, amount from moved union all select unit, 'accounts', amount from held
)
select unit, side, amount from sides union all select unit, 'total (must be 0)', sum(amount) from sides group by unit;
comment on view finance.trial_balance is
  'per unit: what accounts hold by their last entries, against where it came from and went by all entries; the total is 0';

create view finance.statement as
select user_id, month, kind, reference, description, amount_minor, currency, finance.decimal(amount_minor,
  currency) as amount, status, at from (
  select user_id, month, 'usage' as kind, id::text as reference, 'block ' || block || ' (' || billing_tier || ')'
    as description, amount_minor, currency,
    status, created_at as at from finance.charges where status <> 'cancelled'
  union all select user_id, month, 'fee', invoice_id, 'monthly fee', amount_minor, currency, status, period_start
    from finance.fees
  union all select user_id, month, 'credit', charge_id::text, 'credit of a corrected block', -amount_minor, currency,
    'credited', credited_at from finance.credit_notes
) as lines where user_id is not null;
comment on view finance.statement is 'the lines of a customer: blocks, fees and credits';

grant usage on schema finance to finance;
grant select on finance.charges, finance.attempts, finance.fees, finance.credit_notes, finance.revenue,
  finance.unbilled_usage, finance.open_receivables,
  finance.trial_balance, finance.statement to finance, tollgate_finance;
`,
} as const;
