export const prepareCustomer = `
  insert into billing.customers (user_id, created_at, updated_at) values ($1, $2, $2) on conflict do nothing`;
export const findCustomer = 'select customer_id, payment_method from billing.customers where user_id = $1';
export const usersOfCustomer =
  'select user_id from billing.customers where customer_id = $1 and user_id > $2 order by user_id limit $3';
export const saveCustomer = `
  update billing.customers set customer_id = $2, payment_method = $3,
    payment_method_at = case when payment_method is distinct from $3 then $4 else payment_method_at end, updated_at = $4
  where user_id = $1`;
/** Newer than what is known; a message that was overtaken changes nothing. */
export const attachMethod = `
  update billing.customers set payment_method = $2, payment_method_at = $3, updated_at = $3
  where customer_id = $1 and (payment_method_at is null or payment_method_at <= $3) returning user_id`;
export const methodOfCustomer = `
  select payment_method from billing.customers where customer_id = $1 and payment_method is not null
    order by payment_method_at desc nulls last limit 1`;

/** Nothing when one runs already: one a customer, whoever races. */
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

export const keepEvent = `
  insert into billing.stripe_events (id, type, created_at, received_at, facts) values ($1, $2, $3, $4, $5)
    on conflict do nothing`;
export const openEvents = `
  select id, type, created_at, received_at, facts from billing.stripe_events where handled_at is null
    order by received_at, id limit $1`;
export const closeEvent = `
  update billing.stripe_events set outcome = $2, handled_at = $3 where id = $1 and handled_at is null`;
