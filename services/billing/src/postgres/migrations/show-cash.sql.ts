const monthOf = (of: string): string => `finance.month_of(${of}.period_start, ${of}.period_end)`;
const lastEntry = (columns: string): string => `
    select ${columns} from ledger.entries e
    where e.partition = a.partition and e.account = a.account and e.recorded_at <= finance.as_of()
      order by e.seq desc limit 1`;

/**
 * Accrual by the month of the service, cash by the month of the money; the rest of the views that `sayTheMonth` began.
 */
export const showCash = {
  name: '20261127233200-show-cash',
  sql: `
create view finance.credit_notes as
select n.id, n.charge_id, c.user_id, ${monthOf('c')} as month, n.created_at as credited_at, n.amount_minor, n.currency,
  finance.decimal(n.amount_minor, n.currency) as amount, n.reason, n.reverses, r.id as refund_id,
    r.status as refund_status,
  'refund ' || finance.decimal(r.amount_minor, r.currency) || ' ' || r.currency || ' of ' || r.payment_intent
    as proposal
from billing.credit_notes n
join billing.charges c on c.id = n.charge_id
left join finance.refunds_then r on r.credit_note_id = n.id
where n.created_at <= finance.as_of();
comment on view finance.credit_notes is 'paid blocks whose usage was corrected away, and, negative, credits taken back because the block was entered again; nothing is refunded by itself';

create view finance.refunds as
select r.id, r.charge_id, r.credit_note_id, c.user_id, ${monthOf('c')} as month, r.payment_intent, r.amount_minor,
  r.currency,
  finance.decimal(r.amount_minor, r.currency) as amount, r.origin, r.status, r.reason, r.decided_by, r.stripe_refund,
    r.succeeded_at,
  case when r.succeeded_at is not null then finance.month_at(r.succeeded_at) end as cash_month, r.created_at
from finance.refunds_then r join billing.charges c on c.id = r.charge_id;
comment on view finance.refunds is 'what was proposed, decided and paid back, and what was refunded by hand at Stripe';

create view finance.revenue as
select month, currency, kind, count(*) as count, sum(amount_minor)::bigint as amount_minor,
  finance.decimal(sum(amount_minor), currency) as amount
from (
  select month, currency, 'usage' as kind, amount_minor from finance.payments
  union all select month, currency, 'fee', amount_minor from finance.fees where status = 'paid'
  union all select month, currency, 'credit', -amount_minor from finance.credit_notes
  union all select month, currency, 'refund', -amount_minor from finance.refunds
    where status = 'succeeded' and credit_note_id is null
) as paid group by month, currency, kind;
comment on view finance.revenue is 'what was paid, less what is owed back, all by the month of the usage or fee';

create view finance.cash as
select cash_month as month, month as service_month, kind, reference, belongs_to, user_id, amount_minor, currency,
  finance.decimal(amount_minor, currency) as amount, at from (
  select cash_month, month, 'payment' as kind, payment_intent as reference, charge_id::text as belongs_to, user_id,
    amount_minor, currency, paid_at as at from finance.payments
  union all select cash_month, month, 'fee', invoice_id, subscription_id, user_id, amount_minor, currency, paid_at
    from finance.fees where status = 'paid' and amount_minor <> 0
  union all select cash_month, month, 'refund', stripe_refund, charge_id::text, user_id, -amount_minor, currency,
    succeeded_at from finance.refunds where status = 'succeeded'
) moved;
comment on view finance.cash is 'what came in and went out at Stripe, by the month of the money: the sum of a currency is Stripe''s balance before its own fees and payouts';

create view finance.unbilled_usage as
select x.charge_id, a.id as account, ${monthOf('x')} as month, x.block, x.plan, x.plan_version, x.billing_tier,
  x.amount_minor,
  x.currency, finance.decimal(x.amount_minor, x.currency) as amount, e.recorded_at as entered_at
from ledger.crossings x
join ledger.accounts a on a.partition = x.partition and a.account = x.account
join ledger.entries e on e.partition = x.partition and e.partition_seq = x.partition_seq
where x.charge_id is not null and e.recorded_at <= finance.as_of()
  and not exists (select 1 from billing.charges c where c.id = x.charge_id and c.created_at <= finance.as_of());
comment on view finance.unbilled_usage is 'tier blocks that the books have entered and no charge exists for yet';

create view finance.open_receivables as
select 'usage' as kind, c.id::text as id, c.user_id, ${monthOf('c')} as month, c.amount_minor, c.currency,
  finance.decimal(c.amount_minor, c.currency) as amount,
  c.status, c.reason, c.created_at as since
from finance.charges_then c
where c.status in ('pending', 'processing', 'requires_action', 'failed') and c.amount_minor > 0 and c.owed
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
  where e.amount <> 0 and e.recorded_at <= finance.as_of() group by u.text, k.text
), held as (
  select u.text as unit, sum(last.balance_after) as amount
  from ledger.accounts a
  join ledger.names u on u.partition = a.partition and u.name = a.unit
  cross join lateral (${lastEntry('e.balance_after')}
  ) last group by u.text
), sides as (
  select unit, 'contra:' || contra as side, amount from moved union all select unit, 'accounts', amount from held
)
select unit, side, amount from sides union all select unit, 'total (must be 0)', sum(amount) from sides group by unit;
comment on view finance.trial_balance is
  'per unit: what accounts hold by their last entries, against where it came from and went by all entries; the total is 0';

create view finance.statement as
select user_id, month, kind, reference, description, amount_minor, currency, finance.decimal(amount_minor,
  currency) as amount, status, at, paid_at, cash_month from (
  select user_id, month, 'usage' as kind, charge_id::text as reference, 'block ' || block || ' (' || billing_tier ||
    ')' as description, amount_minor, currency,
    'succeeded' as status, created_at as at, paid_at, cash_month from finance.payments
  union all select user_id, ${monthOf('c')}, 'usage', id::text, 'block ' || block || ' (' || billing_tier || ')',
    amount_minor, currency, status, created_at, null, null
    from finance.charges_then c where status not in ('cancelled', 'succeeded') and owed
  union all select user_id, month, 'fee', invoice_id, 'monthly fee', amount_minor, currency, status, period_start,
    paid_at, cash_month
    from finance.fees where status <> 'voided'
  union all select user_id, month, 'credit', charge_id::text,
    case when reverses is null then 'credit of a corrected block' else 'credit taken back' end, -amount_minor,
      currency, coalesce(refund_status, 'taken back'), credited_at, null, null
    from finance.credit_notes
  union all select user_id, month, 'refund', charge_id::text, 'refund made by hand', -amount_minor, currency, status,
    created_at, succeeded_at, cash_month
    from finance.refunds where credit_note_id is null and status = 'succeeded'
) as lines where user_id is not null;
comment on view finance.statement is 'the lines of a customer: blocks, fees, credits and other refunds, and when money moved';

grant select on finance.charges, finance.attempts, finance.fees, finance.payments, finance.credit_notes,
  finance.refunds, finance.revenue, finance.cash,
  finance.unbilled_usage, finance.open_receivables, finance.trial_balance, finance.statement to finance,
    tollgate_finance;
`,
} as const;
