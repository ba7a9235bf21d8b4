/** Credit notes say which entry was corrected and why, and what has become of the money since. */
export const nameCorrections = {
  name: '20261127234000-name-corrections',
  sql: `
create or replace view finance.credit_notes as
select n.id, n.charge_id, c.user_id, finance.month_of(c.period_start, c.period_end) as month, n.created_at
  as credited_at, n.amount_minor, n.currency,
  finance.decimal(n.amount_minor, n.currency) as amount, n.reason, n.reverses, r.id as refund_id,
    r.status as refund_status,
  case r.status when 'proposed' then 'refund ' || r.sum || ' of ' || r.payment_intent || ': proposed'
    when 'approved' then 'refund ' || r.sum || ' of ' || r.payment_intent || ': approved, to be sent'
      when 'processing' then 'refund ' || r.sum || ' of ' || r.payment_intent || ': under way at Stripe'
    when 'succeeded' then r.sum || ' of ' || r.payment_intent || ' refunded on ' || to_char(r.succeeded_at at time zone
      finance.zone_at(r.succeeded_at), 'YYYY-MM-DD')
    when 'failed' then 'refund ' || r.sum || ' of ' || r.payment_intent || ': failed' || coalesce(' (' || r.reason ||
      ')', '')
    when 'declined' then 'refund ' || r.sum || ' of ' || r.payment_intent || ': declined' || coalesce(' (' || r.reason
      || ')', '')
    when 'withdrawn' then 'refund ' || r.sum || ': withdrawn, the block is owed again' end as proposal,
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
comment on view finance.credit_notes is 'paid blocks whose usage was corrected away, by which correction and why, and, negative, credits taken back because the block was entered again; nothing is refunded by itself';
`,
} as const;
