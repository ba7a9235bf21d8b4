/** A fee of an ended subscription that is still due. One that was given up is paid by a person's retry alone. */
const owed = `select from billing.invoices i where i.subscription_id = s.subscription_id and i.status in ('open',
  'failed')`;

/** Also of one that is being made, or seems paid: its state may be older than the payment method. */
export const askFees = `
  update billing.subscriptions s set pay_at = $2, pay_attempts = s.pay_attempts + 1 from billing.customers c
  where c.user_id = any($1) and s.customer_id = c.customer_id
    and (s.status not in ('canceled', 'incomplete_expired') or exists (${owed}))`;
export const dueFees = `
  select id, subscription_id, customer_id, pay_attempts from billing.subscriptions
  where pay_at <= $1 and subscription_id is not null order by pay_at, id limit $2`;
/** Unless somebody asked anew meanwhile. */
export const settleFee = 'update billing.subscriptions set pay_at = $3 where id = $1 and pay_attempts = $2';

const fees = `
  from billing.invoices i
  left join lateral (select user_id from billing.customers c where c.customer_id = i.customer_id
    order by user_id limit 1) u on true
  left join lateral (select type as what, actor, reason, occurred_at from billing.fee_events e
    where e.invoice_id = i.invoice_id order by number desc limit 1) e on true`;
export const feeById = `select i.*, u.user_id, e.what, e.actor, e.reason, e.occurred_at ${fees}
  where i.invoice_id = $1`;
/** A page of fees with the number of all that match; invoices of 0, of which nobody owes anything, are left out. */
export const listFees = `select i.*, u.user_id, e.what, e.actor, e.reason, e.occurred_at, count(*) over ()
  as total ${fees}
  where ($1::text is null or i.status = $1) and ($2::text is null or u.user_id = $2) and i.amount_minor > 0
    order by i.period_start desc, i.invoice_id offset $3 limit $4`;
export const insertFeeEvent = `
  insert into billing.fee_events (invoice_id, number, type, actor, address, reason, occurred_at)
  select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6 from billing.fee_events where invoice_id = $1`;
