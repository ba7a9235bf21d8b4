/** All that a customer was charged, credited, paid and had back, each once: the balance of a customer is the sum. */
export const keepReceivablesLedger = {
  name: '20261127235000-keep-receivables-ledger',
  sql: `
create view finance.receivables_ledger as
select user_id, currency, at, month, kind, description, reference, amount_minor, finance.decimal(amount_minor,
  currency) as amount from (
  select user_id, currency, created_at as at, month, 'usage' as kind, 'block ' || block || ' (' || billing_tier || ')'
    as description, charge_id::text as reference,
    amount_minor from finance.payments
  union all select user_id, currency, created_at, finance.month_of(period_start, period_end), 'usage',
    'block ' || block || ' (' || billing_tier || ')', id::text, amount_minor
    from finance.charges_then where status not in ('cancelled', 'succeeded') and owed
  union all select user_id, currency, period_start, month, 'fee', 'monthly fee', invoice_id, amount_minor
    from finance.fees where status <> 'voided'
  union all select user_id, currency, told_at, month, 'write_off', 'monthly fee given up', invoice_id, -amount_minor
    from finance.fees where status = 'uncollectible'
  union all select user_id, currency, credited_at, month, 'credit', case when reverses
    is null then 'credit of a corrected block' else 'credit taken back' end,
    charge_id::text, -amount_minor from finance.credit_notes
  union all select user_id, currency, succeeded_at, month, 'credit', 'credit by a refund', stripe_refund, -amount_minor
    from finance.refunds where credit_note_id is null and status = 'succeeded'
  union all select user_id, currency, coalesce(paid_at, created_at), month, 'payment',
    'payment of block ' || block || ' (' || billing_tier || ')', payment_intent, -amount_minor
    from finance.payments
  union all select user_id, currency, coalesce(paid_at, told_at), month, 'payment', 'payment of the monthly fee',
    invoice_id, -amount_minor from finance.fees where status = 'paid'
  union all select user_id, currency, succeeded_at, month, 'refund', 'refund', stripe_refund, amount_minor
    from finance.refunds where status = 'succeeded'
) moved where user_id is not null and amount_minor <> 0;
comment on view finance.receivables_ledger
  is 'what customers were charged (positive), credited and paid (negative) and had back (positive), by when; their sum is what a customer owes';
grant select on finance.receivables_ledger to finance, tollgate_finance;
`,
} as const;
