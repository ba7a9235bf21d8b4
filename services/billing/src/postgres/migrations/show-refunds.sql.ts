const monthOf = (start: string, end: string): string =>
  `to_char((${start} + (${end} - ${start}) / 2) at time zone 'UTC', 'YYYY-MM')`;
const dayMonth = (at: string): string => `to_char(${at} at time zone 'UTC', 'YYYY-MM')`;

/** Credit notes and refunds as rows of their own; docs/finance.md says the formula of each figure. */
export const showRefunds = {
  name: '20261121160000-show-refunds',
  sql: `
drop view finance.statement;
drop view finance.revenue;
drop view finance.credit_notes;
drop view finance.open_receivables;

create view finance.credit_notes as
select n.id, n.charge_id, c.user_id, ${monthOf('c.period_start', 'c.period_end')} as month, n.created_at
  as credited_at, n.amount_minor, n.currency,
  finance.decimal(n.amount_minor, n.currency) as amount, n.reason, n.reverses, r.id as refund_id,
    r.status as refund_status,
  'refund ' || finance.decimal(r.amount_minor, r.currency) || ' ' || r.currency || ' of ' || r.payment_intent
    as proposal
from billing.credit_notes n
join billing.charges c on c.id = n.charge_id
left join billing.refunds r on r.credit_note_id = n.id;
comment on view finance.credit_notes is 'paid blocks whose usage was corrected away, and, negative, credits taken back because the block was entered again; nothing is refunded by itself';

create view finance.refunds as
select r.id, r.charge_id, r.credit_note_id, c.user_id, ${monthOf('c.period_start', 'c.period_end')} as month,
  r.payment_intent, r.amount_minor, r.currency,
  finance.decimal(r.amount_minor, r.currency) as amount, r.origin, r.status, r.reason, r.decided_by, r.stripe_refund,
    r.succeeded_at, r.created_at
from billing.refunds r join billing.charges c on c.id = r.charge_id;
comment on view finance.refunds is 'what was proposed, decided and paid back, and what was refunded by hand at Stripe';

create view finance.payments as
select c.id as charge_id, c.series, c.user_id, c.account, ${monthOf('c.period_start', 'c.period_end')} as month,
  c.block, c.billing_tier, c.payment_intent,
  c.amount_minor, c.currency, finance.decimal(c.amount_minor, c.currency) as amount, c.created_at
from billing.charges c where c.status = 'succeeded'
union all
select c.id, p.series, c.user_id, c.account, ${monthOf('c.period_start', 'c.period_end')}, c.block, c.billing_tier,
  p.payment_intent,
  p.amount_minor, p.currency, finance.decimal(p.amount_minor, p.currency), c.created_at
from billing.past_payments p join billing.charges c on c.id = p.charge_id;
comment on view finance.payments is 'every payment of a block, also one that was refunded before the block was charged anew';

create view finance.revenue as
select month, currency, kind, count(*) as count, sum(amount_minor)::bigint as amount_minor,
  finance.decimal(sum(amount_minor), currency) as amount
from (
  select month, currency, 'usage' as kind, amount_minor from finance.payments
  union all select month, currency, 'fee', amount_minor from finance.fees where status = 'paid'
  union all select ${dayMonth('credited_at')}, currency, 'credit', -amount_minor from finance.credit_notes
  union all select ${dayMonth('succeeded_at')}, currency, 'refund', -amount_minor from finance.refunds
    where status = 'succeeded' and credit_note_id is null
) as paid group by month, currency, kind;
comment on view finance.revenue is 'what was paid, by the month of the usage or fee, less what is owed back: credits in the month in which they arose, other refunds in that of the refund';

create view finance.open_receivables as
select 'usage' as kind, f.id::text as id, f.user_id, f.month, f.amount_minor, f.currency, f.amount, f.status, f.reason,
  f.created_at as since
from finance.charges f join billing.charges c on c.id = f.id
where f.status in ('pending', 'processing', 'requires_action', 'failed') and f.amount_minor > 0 and c.owed
union all
select 'fee', invoice_id, user_id, month, amount_minor, currency, amount, status, null, period_start from finance.fees
  where status in ('open', 'failed');
comment on view finance.open_receivables is 'what is owed and not paid';

create view finance.statement as
select user_id, month, kind, reference, description, amount_minor, currency, finance.decimal(amount_minor,
  currency) as amount, status, at from (
  select user_id, month, 'usage' as kind, charge_id::text as reference, 'block ' || block || ' (' || billing_tier ||
    ')' as description, amount_minor, currency,
    'succeeded' as status, created_at as at from finance.payments
  union all select user_id, month, 'usage', id::text, 'block ' || block || ' (' || billing_tier || ')', amount_minor,
    currency, status, created_at
    from finance.charges f where status not in ('cancelled', 'succeeded') and exists (select from billing.charges c
      where c.id = f.id and c.owed)
  union all select user_id, month, 'fee', invoice_id, 'monthly fee', amount_minor, currency, status, period_start
    from finance.fees
  union all select user_id, month, 'credit', charge_id::text,
    case when reverses is null then 'credit of a corrected block' else 'credit taken back' end, -amount_minor,
      currency, coalesce(refund_status, 'taken back'), credited_at
    from finance.credit_notes
  union all select user_id, month, 'refund', charge_id::text, 'refund made by hand', -amount_minor, currency, status,
    coalesce(succeeded_at, created_at)
    from finance.refunds where credit_note_id is null and status = 'succeeded'
) as lines where user_id is not null;
comment on view finance.statement is 'the lines of a customer: blocks, fees, credits and other refunds';

grant select on finance.credit_notes, finance.refunds, finance.payments, finance.revenue, finance.open_receivables,
  finance.statement to finance, tollgate_finance;
`,
} as const;
