/** A fee of an ended subscription that is still due. */
const owed = `select from billing.invoices i where i.subscription_id = s.subscription_id and i.status in ('open', 'failed', 'uncollectible')`;

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
