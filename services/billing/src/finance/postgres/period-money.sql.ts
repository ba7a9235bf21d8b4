/** Charges of periods that began in [$2, $3) of which nothing is owed (any more). */
export const closedCharges = `
  select id, status = 'cancelled' as cancelled from billing.charges
  where user_id = $1 and period_start >= $2 and period_start < $3 and (status in ('cancelled', 'succeeded')
    or not owed)`;

const charges = `billing.charges c where c.user_id = $1 and c.period_start >= $2 and c.period_start < $3`;
/** Sums of different currencies never meet: a row for each. */
export const periodTotals = `
  select currency,
    coalesce(sum(amount_minor) filter (where kind = 'fee_paid'), 0)::text as fee_paid,
    coalesce(sum(amount_minor) filter (where kind = 'fee_due'), 0)::text as fee_due,
    coalesce(sum(amount_minor) filter (where kind = 'fee_credit'), 0)::text as fee_credited,
    coalesce(sum(amount_minor) filter (where kind = 'block'), 0)::text as blocks_paid,
    coalesce(sum(amount_minor) filter (where kind = 'credit'), 0)::text as credited,
    coalesce(sum(amount_minor) filter (where kind in ('back', 'settled')), 0)::text as credited_back,
    coalesce(sum(amount_minor) filter (where kind in ('back', 'refund')), 0)::text as refunded
  from (
    select i.currency, case i.status when 'paid' then 'fee_paid' else 'fee_due' end as kind, i.amount_minor
      from billing.invoices i
      where i.status in ('paid', 'open', 'failed') and i.period_start >= $2 and i.period_start < $3
        and i.customer_id = (select customer_id from billing.customers where user_id = $1)
    union all select i.currency, 'fee_credit', i.credit_minor from billing.invoices i
      where i.status = 'paid' and i.period_start >= $2 and i.period_start < $3 and i.customer_id = (select customer_id
        from billing.customers where user_id = $1)
    union all select c.currency, 'block', c.amount_minor from ${charges} and c.status = 'succeeded'
    union all select p.currency, 'block', p.amount_minor from billing.past_payments p
      join ${charges.replace(' where ', ' on c.id = p.charge_id where ')}
    union all select n.currency, 'credit', n.amount_minor from billing.credit_notes n
      join ${charges.replace(' where ', ' on c.id = n.charge_id where ')}
    -- A credit is settled when it was paid back, lowered an invoice, or was forfeited; one that was taken back has a
    -- note of its own.
    union all select r.currency, case when r.credit_note_id is null then 'refund' when r.status = 'succeeded'
      and r.apply_to is null then 'back' else 'settled' end, r.amount_minor
      from billing.refunds r join ${charges.replace(' where ', ' on c.id = r.charge_id where ')}
        and r.status in ('succeeded', 'declined')
       and not (r.status = 'declined' and exists (select from billing.credit_notes n
         where n.reverses = r.credit_note_id))
  ) moved where amount_minor <> 0 group by currency order by currency`;
