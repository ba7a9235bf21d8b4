export const insertCreditNote = `
  insert into billing.credit_notes (id, charge_id, amount_minor, currency, reason, reverses, created_at)
    values ($1, $2, $3, $4, $5, $6, $7)`;
export const insertPastPayment = `
  insert into billing.past_payments (charge_id, series, payment_intent, amount_minor, currency, ended_at, paid_at)
    values ($1, $2, $3, $4, $5, $6, $7)`;
export const insertRefund = `
  insert into billing.refunds (id, charge_id, credit_note_id, payment_intent, amount_minor, currency, origin, status,
    created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`;

/** What was paid back of a payment; the charge's row is locked, and every change of its refunds locks that first. */
export const refundedOf = `
  select coalesce(sum(amount_minor) filter (where status = 'succeeded'), 0)::bigint as minor,
    coalesce(bool_or(status = 'processing'), false) as under_way
  from billing.refunds where charge_id = $1 and payment_intent = $2`;

/** The refund of a credit that is taken back: what was not sent never is. `changed`: it was still open. */
export const withdrawRefunds = `
  with was as (select id, status from billing.refunds where credit_note_id = $1 for update)
  update billing.refunds r set
    status = case when was.status in ('proposed', 'approved') then 'withdrawn' else r.status end,
    reason = case when was.status in ('proposed', 'approved') then $2 else r.reason end, next_try_at = null,
      updated_at = $3
  from was where r.id = was.id returning r.id, r.amount_minor, was.status in ('proposed', 'approved') as changed`;

export const chargeOfRefund = 'select charge_id from billing.refunds where id = $1';
export const lockRefund = 'select * from billing.refunds where id = $1 for update';
export const refundById = 'select * from billing.refunds where id = $1';
export const updateRefund = `
  update billing.refunds set status = $2, reason = $3, decided_by = $4, stripe_refund = $5, attempts = $6,
    unanswered = $7, attempt_open = $8,
    next_try_at = $9, succeeded_at = $10, updated_at = $11, first_approval = $12, apply_to = $13
  where id = $1`;
export const insertRefundAttempt = `
  insert into billing.refund_attempts (refund_id, number, idempotency_key, request, started_at) values ($1, $2, $3, $4,
    $5)`;
export const lastRefundAttempt = `
  select number, idempotency_key, request, started_at from billing.refund_attempts where refund_id = $1
    order by number desc limit 1`;
/** The payer of a refund's charge, if the next invoice of a subscription of theirs is in its currency. */
export const nextInvoiceOf = `
  select s.customer_id from billing.refunds r
  join billing.charges c on c.id = r.charge_id join billing.customers p on p.user_id = c.user_id
  join billing.subscriptions s on s.customer_id = p.customer_id and s.currency = r.currency
    and s.status not in ('creating', 'canceled', 'incomplete', 'incomplete_expired')
  where r.id = $1 limit 1`;
export const dueRefunds = 'select id from billing.refunds where next_try_at <= $1 order by next_try_at, id limit $2';

/** A page of refunds with the number of all that match. */
export const listRefunds = `
  select r.*, c.user_id, c.account, c.block, c.billing_tier, c.period_start, c.period_end, count(*) over () as total
  from billing.refunds r join billing.charges c on c.id = r.charge_id
  where ($1::text is null or r.status = $1) and ($2::text is null or c.user_id = $2)
  order by r.created_at desc, r.id offset $3 limit $4`;
export const refundView = `
  select r.*, c.user_id, c.account, c.block, c.billing_tier, c.period_start, c.period_end
  from billing.refunds r join billing.charges c on c.id = r.charge_id where r.id = $1`;

/** The charge that a PaymentIntent is, or was, the payment of. */
export const chargeOfIntent = `
  select id from billing.charges where payment_intent = $1 union all select charge_id from billing.past_payments
    where payment_intent = $1 limit 1`;
export const refundsOfIntent =
  'select * from billing.refunds where payment_intent = $1 order by created_at, id for update';

export const refundAnswer = `
  select content_hash, answer from billing.billing_answers where operation = $1 and scope = $2 and request_key = $3`;
export const keepRefundAnswer = `
  insert into billing.billing_answers (operation, scope, request_key, content_hash, answer) values ($1, $2, $3, $4,
    $5)`;
