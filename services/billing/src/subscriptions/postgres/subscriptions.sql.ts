/** Inserts nothing when one is running: a customer has at most one, also under concurrent requests. */
export const beginSubscription = `
  insert into billing.subscriptions (id, customer_id, amount_minor, currency, status, anchor_at, request, created_at,
    updated_at, plan, plan_version)
  values ($1, $2, $3, $4, 'creating', $5, $6, $7, $7, $8, $9) on conflict do nothing`;
const priced = `select id, subscription_id, customer_id, amount_minor, currency, plan, plan_version, current_period_end
  from billing.subscriptions
  where status not in ('canceled', 'incomplete_expired') and subscription_id is not null and current_period_end
    is not null`;
export const runningSubscriptions = `${priced} and ($1::uuid is null or id > $1) order by id limit $2`;
export const endingSubscriptions = `${priced} and current_period_end < $1 order by current_period_end limit $2`;
export const priceSubscription =
  'update billing.subscriptions set amount_minor = $2, plan = $3, plan_version = $4, updated_at = $5 where id = $1';
export const runningSubscription = `
  select * from billing.subscriptions where customer_id = $1 and status not in ('canceled', 'incomplete_expired')`;
/** An ended one stays ended; of two messages of one second, the one that is further on. */
export const tellSubscription = `
  update billing.subscriptions set subscription_id = $2, status = $3, current_period_start = $4,
    current_period_end = $5, told_at = $6, updated_at = $7
  where id = $1 and status not in ('canceled', 'incomplete_expired')
    and (told_at is null or told_at < $6 or (told_at = $6 and not (status = 'active' and $3 = 'incomplete')))`;
export const subscriptionById = 'select * from billing.subscriptions where id = $1';
export const abandonSubscription = `
  update billing.subscriptions set status = 'canceled', updated_at = $2 where id = $1 and subscription_id is null`;

export const tellInvoice = `
  insert into billing.invoices (invoice_id, subscription_id, customer_id, status, amount_minor, currency, period_start,
    told_at, paid_at, credit_minor)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  on conflict (invoice_id) do update set status = excluded.status, amount_minor = excluded.amount_minor,
    told_at = excluded.told_at, paid_at = excluded.paid_at, credit_minor = excluded.credit_minor
  where billing.invoices.status not in ('paid', 'voided')
    -- Of two messages of one moment, the one that is further on.
    and (billing.invoices.told_at <= excluded.told_at or excluded.status in ('paid', 'voided'))
    and not (billing.invoices.status <> 'open' and excluded.status = 'open')`;
export const feeAsked = `
  select 1 from billing.invoices where customer_id = $1 and period_start >= $2 and period_start < $3
    and status <> 'voided' and amount_minor + credit_minor > 0 limit 1`;
export const findAnswer = `
  select answer from billing.billing_answers where operation = $1 and scope = $2 and request_key = $3`;
export const keepAnswer = `
  insert into billing.billing_answers (operation, scope, request_key, content_hash, answer) values ($1, $2, $3, '', $4)
    on conflict do nothing`;
