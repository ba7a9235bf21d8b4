/**
 * The place of the last crossing taken of a partition, locked until the end of the transaction; the row is made before
 * it is locked.
 */
export const preparePosition = `
  insert into billing.crossing_positions (partition, partition_seq, block) values ($1, -1, 0) on conflict do nothing`;
export const lockPosition =
  'select partition_seq, block from billing.crossing_positions where partition = $1 for update';
export const setPosition = 'update billing.crossing_positions set partition_seq = $2, block = $3 where partition = $1';

/** A new charge, due at once; nothing when its block was opened before. */
export const insertCharge = `
  insert into billing.charges (id, account, user_id, period_start, period_end, block, plan, billing_tier, amount_minor,
    currency, entry,
    crossed_at, status, next_try_at, version, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'pending', $13, 1, $13, $13)
  on conflict do nothing returning id`;

export const insertEvent = `
  insert into billing.charge_events (charge_id, number, type, status, data, occurred_at) values ($1, $2, $3, $4, $5,
    $6)`;
export const insertAttempt = `
  insert into billing.charge_attempts (charge_id, number, kind, idempotency_key, request, started_at)
    values ($1, $2, $3, $4, $5, $6)`;
export const insertOutbox = 'insert into billing.charge_outbox (charge_id, number) values ($1, $2)';

export const dueCharges = `
  select id from billing.charges where next_try_at <= $1 order by next_try_at, id limit $2`;

export const dueUntriedCharges = `
  select id from billing.charges where next_try_at <= $1 and status = 'pending' and not attempt_open
    order by next_try_at, id limit $2`;
export const heldBackCharges = `
  select id from billing.charges where status = 'pending' and reason = $1 and next_try_at is null order by id limit $2`;

/** One worker of a charge at a time; the lock belongs to the session, so it ends with the process. */
export const tryLock = `select pg_try_advisory_lock(hashtextextended('billing.charge:' || $1, 0)) as ours`;
export const unlock = `select pg_advisory_unlock(hashtextextended('billing.charge:' || $1, 0))`;

export const chargeById = 'select * from billing.charges where id = $1';
export const lockCharge = 'select * from billing.charges where id = $1 for update';
export const chargesByIds = 'select * from billing.charges where id = any($1)';
export const payerOf = 'select customer_id, payment_method from billing.customers where user_id = $1';
export const lastAttempt = `
  select number, kind, idempotency_key, request, started_at from billing.charge_attempts where charge_id = $1
    order by number desc limit 1`;

export const updateCharge = `
  update billing.charges set status = $2, reason = $3, payment_intent = $4, attempts = $5, refusals = $6,
    unanswered = $7,
    attempt_open = $8, next_try_at = $9, version = $10, credited_at = $11, updated_at = $12,
    owed = $13, series = $14, cancel_sent = $15, credit_note = $16, paid_at = $17
  where id = $1`;

export const openChargesOf = `
  select id from billing.charges where user_id = $1 and status not in ('succeeded', 'cancelled') order by period_start,
    block`;

/** A page of charges with the number of all that match; the status as it shows outside. */
export const listCharges = `
  select *, count(*) over () as total from billing.charges
  where ($1::text is null or user_id = $1)
    and ($2::text is null or case when status = 'processing' then 'pending' else status end = $2)
    and ($3::timestamptz is null or (period_start <= $3 and period_end > $3))
  order by created_at desc, id offset $4 limit $5`;

export const rememberShown = `
  insert into billing.shown_charges (charge_id, status) select * from unnest($1::uuid[], $2::text[])
    on conflict do nothing`;
export const shownBefore = 'select charge_id, status from billing.shown_charges where charge_id = any($1)';
