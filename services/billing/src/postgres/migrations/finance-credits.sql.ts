/**
 * Credits of corrected blocks, by which correction, and what became of them: refunded, applied to an invoice,
 * forfeited, taken back.
 */
export const financeCredits = {
  name: '20261128000030-finance-credits',
  sql: `
create view finance.refunds as
select r.id, r.charge_id, r.credit_note_id, c.user_id, finance.month_of(c.period_start, c.period_end) as month,
  r.payment_intent, r.amount_minor, r.currency,
  finance.decimal(r.amount_minor, r.currency) as amount, r.origin, r.status, r.reason, r.decided_by, r.stripe_refund,
    r.succeeded_at,
  case when r.succeeded_at is not null and r.apply_to is null then finance.month_at(r.succeeded_at) end as cash_month,
    r.created_at,
  case when r.apply_to is not null then 'invoice' when r.status = 'declined' then 'forfeit' else 'refund' end as method
from finance.refunds_then r join billing.charges c on c.id = r.charge_id;
comment on view finance.refunds
  is 'what was proposed, decided and paid back, and what was refunded by hand at Stripe';

create view finance.credit_notes as
select n.id, n.charge_id, c.user_id, finance.month_of(c.period_start, c.period_end) as month, n.created_at
  as credited_at, n.amount_minor, n.currency,
  finance.decimal(n.amount_minor, n.currency) as amount, n.reason, n.reverses, r.id as refund_id,
    r.status as refund_status,
  case when r.status = 'declined' then 'credit of ' || r.sum || ' forfeited' || coalesce(': ' || r.reason, '')
    when r.status = 'withdrawn' then 'refund ' || r.sum || ': withdrawn, the block is owed again'
    when r.apply_to is not null then 'credit of ' || r.sum || case r.status
      when 'succeeded' then ' applied to the next invoice' when 'failed' then ': could not be applied' || coalesce(' ('
        || r.reason || ')', '') else ': on its way to the next invoice' end
    when r.status = 'succeeded' then r.sum || ' of ' || r.payment_intent || ' refunded on ' || to_char(r.succeeded_at
      at time zone finance.zone_at(r.succeeded_at), 'YYYY-MM-DD')
    else 'refund ' || r.sum || ' of ' || r.payment_intent || case r.status when 'proposed' then ': proposed'
      when 'approved' then ': approved, to be sent'
      when 'processing' then ': under way at Stripe' else ': failed' || coalesce(' (' || r.reason || ')', '') end end
        as proposal,
  k.corrected_entry, k.correction, k.correction_reason
from billing.credit_notes n
join billing.charges c on c.id = n.charge_id
left join (select *, finance.decimal(amount_minor, currency) || ' ' || currency as sum
  from finance.refunds_then) r on r.credit_note_id = n.id
left join lateral (
  select case when cause.corrects is not null then cause.partition || '-' || cause.corrects end as corrected_entry,
    cause.partition || '-' || cause.partition_seq as correction,
    d.content ->> 'reason' as correction_reason
  from ledger.block_changes b
  join ledger.accounts a on a.partition = b.partition and a.account = b.account
  join ledger.entries e on e.partition = b.partition and e.partition_seq = b.partition_seq
  -- A budget's row names the entry below it.
  join ledger.entries cause on cause.partition = e.partition and cause.partition_seq = case
    when e.kind = 15 then e.request_id::bigint else e.partition_seq end
  left join ledger.details d on d.partition = cause.partition and d.partition_seq = cause.partition_seq
  where a.id = c.account and b.period_start = c.period_start and b.block = c.block and b.change = 'left'
    and e.recorded_at <= n.created_at and n.reverses is null
  order by b.partition_seq desc limit 1
) k on true
where n.created_at <= finance.as_of();
comment on view finance.credit_notes
  is 'paid blocks whose usage was corrected away, by which correction and why, and, negative, credits taken '
    'back because the block was entered again; nothing is refunded by itself';

create view finance.forfeited as
select r.id, r.user_id, r.month, r.charge_id, r.amount_minor, r.currency, r.reason, t.updated_at as at
from finance.refunds r join finance.refunds_then t on t.id = r.id
-- A credit that was taken back, because its block was entered again, is nothing to forfeit any more.
where r.method = 'forfeit' and not exists (select from billing.credit_notes n where n.reverses = r.credit_note_id
  and n.created_at <= finance.as_of());

grant select on finance.refunds, finance.credit_notes to finance, tollgate_finance;
`,
} as const;
