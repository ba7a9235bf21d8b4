export const abandonRun = `update billing.reconciliations set state = 'abandoned', finished_at = $2, updated_at = $2
  where period = $1 and state = 'running'`;
/**
 * Nothing when one of the month is under way. $1 id, $2 period, $3 to $6 borders, $7 fix, $8 now; expected: a charge is
 * read at most three times.
 */
export const insertRun = `
  insert into billing.reconciliations (id, period, from_at, to_at, starts_from, starts_to, fix, state, step, expected,
    started_at, updated_at)
  select $1, $2, $3, $4, $5, $6, $7, 'running', 'payments',
    3 * (select count(*) from billing.charges where period_start >= $5 and period_start < $6)
      + 2 * (select count(*) from billing.invoices where period_start >= $3 and period_start < $4), $8, $8
  on conflict do nothing`;
export const runningOfPeriod = `update billing.reconciliations set fix = fix or $2
  where period = $1 and state = 'running' returning id`;
export const runningRuns = `select id from billing.reconciliations where state = 'running' order by started_at, id`;
/** One worker of a run at a time; the lock belongs to the session, so it ends with the process. */
export const tryLockRun = `select pg_try_advisory_lock(hashtextextended('billing.reconciliation:' || $1, 0)) as ours`;
export const unlockRun = `select pg_advisory_unlock(hashtextextended('billing.reconciliation:' || $1, 0))`;
export const runById = 'select * from billing.reconciliations where id = $1';

/** No row: another instance has moved it on, or it was abandoned. */
export const moveRun = `
  update billing.reconciliations set step = $3, cursor = $4, version = version + 1, read = read + $5,
    under_way = under_way + $6, trouble = null,
    state = case when $3 = 'end' then 'done' else state end, finished_at = case when $3 = 'end' then $7::timestamptz
      end, updated_at = $7
  where id = $1 and version = $2 and state = 'running' returning id`;
export const keepFound = `
  insert into billing.reconciliation_found (run, kind, id, charge_id, facts)
  select $1, * from unnest($2::text[], $3::text[], $4::uuid[], $5::jsonb[]) on conflict do nothing`;
export const keepDifferences = `
  insert into billing.reconciliation_differences (run, kind, reference, charge_id, payment_intent, account, reason,
    fix, proposal)
  select $1, * from unnest($2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[]) on conflict do nothing`;
export const keepOutcomes = `
  update billing.reconciliation_differences d set outcome = o.outcome from unnest($2::bigint[], $3::text[])
    as o (number, outcome)
  where d.run = $1 and d.number = o.number`;
export const forgetFound = `delete from billing.reconciliation_found where run = $1`;
export const noteTrouble = `
  update billing.reconciliations set trouble = $2, state = case when $3 then 'failed' else state end,
    finished_at = case when $3 then $4::timestamptz end, updated_at = $4
  where id = $1 and state = 'running'`;

/** The acknowledgement in force, at $2, of a difference that says the same. */
const acknowledgement = `
  left join lateral (
    select k.actor, k.reason as why, k.at, k.until from billing.acknowledgements k
    where k.kind = d.kind and k.reference = d.reference and k.difference = d.reason and k.until > $2
      order by k.position desc limit 1
  ) k on true`;
export const runView = `
  select r.*, n.differences, n.fixed, n.acknowledged from billing.reconciliations r
  cross join lateral (
    select count(*) as differences, count(*) filter (where d.outcome = 'fixed') as fixed,
      count(k.until) filter (where d.outcome is distinct from 'fixed') as acknowledged
    from billing.reconciliation_differences d ${acknowledgement} where d.run = r.id
  ) n where r.id = $1`;
export const differencesPage = `
  select d.*, k.actor, k.why, k.at, k.until from billing.reconciliation_differences d ${acknowledgement}
  where d.run = $1 and d.number > $3 order by d.number limit $4`;
export const insertAcknowledgement = `
  insert into billing.acknowledgements (kind, reference, difference, reason, actor, address, at, until)
  select kind, reference, reason, $3, $4, $5, $6, $7 from billing.reconciliation_differences
    where run = $1 and number = $2`;
export const assignPayment = `
  insert into billing.assigned_payments (payment_intent, user_id, amount_minor, currency, paid_at, reason, actor,
    address, at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`;
export const topUpById = 'select 1 from billing.topups where id = $1';
export const assignedPayment = 'select * from billing.assigned_payments where payment_intent = $1';

/** $1 run, $2 and $3 the borders of period_start, $4 after, $5 at most. */
export const chargesOfRun = `
  select c.id, c.account, c.status, c.amount_minor, c.currency, c.payment_intent, c.attempt_open, c.updated_at,
    coalesce((select jsonb_agg(f.facts) from billing.reconciliation_found f where f.run = $1 and f.charge_id = c.id
      and f.kind = 'payment'), '[]') as payments,
    (select f.facts from billing.reconciliation_found f where f.run = $1 and f.charge_id = c.id
      and f.kind = 'crossing') as crossing,
    array(select p.payment_intent from billing.past_payments p where p.charge_id = c.id) as past
  from billing.charges c
  where c.period_start >= $2 and c.period_start < $3 and c.id > $4 order by c.id limit $5`;
/** $1 run, $2 after, $3 at most. */
export const strangersOfRun = `
  select f.facts from billing.reconciliation_found f
  where f.run = $1 and f.kind = 'payment' and f.id > $2
    and f.facts ->> 'topUpId' is null
    and not exists (select 1 from billing.charges c where c.id = f.charge_id)
    and not exists (select 1 from billing.reconciliation_found i where i.run = $1 and i.kind = 'invoice_payment'
      and i.id = f.id)
    and not exists (select 1 from billing.assigned_payments a where a.payment_intent = f.id)
  order by f.id limit $3`;
export const missingOfRun = `
  select f.facts from billing.reconciliation_found f
  where f.run = $1 and f.kind = 'crossing' and f.id > $2 and not exists (select 1 from billing.charges c
    where c.id = f.charge_id)
  order by f.id limit $3`;
/**
 * $1 run, $2 after, $3 at most, $4 and $5 the month. Stripe's first: an invoice of the books that was dated otherwise
 * is still the same.
 */
export const invoicesOfRun = `
  with ids as (
    select f.id from billing.reconciliation_found f where f.run = $1 and f.kind = 'invoice' and f.id > $2
    union select i.invoice_id from billing.invoices i where i.period_start >= $4 and i.period_start < $5
      and i.invoice_id > $2
    order by 1 limit $3)
  select ids.id, i.status, i.amount_minor, i.currency, i.customer_id, i.period_start, i.credit_minor, f.facts
  from ids left join billing.invoices i on i.invoice_id = ids.id
  left join billing.reconciliation_found f on f.run = $1 and f.kind = 'invoice' and f.id = ids.id order by ids.id`;
/** The same for refunds: of the books by when they were paid back. */
export const refundsOfRun = `
  with ids as (
    select f.id from billing.reconciliation_found f where f.run = $1 and f.kind = 'refund' and f.id > $2
    union select r.stripe_refund from billing.refunds r where r.succeeded_at >= $4 and r.succeeded_at < $5
      and r.stripe_refund > $2 and r.apply_to is null
    union select t.stripe_refund from billing.topup_refunds t where t.succeeded_at >= $4 and t.succeeded_at < $5
      and t.stripe_refund > $2
    order by 1 limit $3)
  select ids.id, r.charge_id, r.status, r.amount_minor, r.currency, f.facts
  from ids left join (
    select stripe_refund, charge_id, status, amount_minor, currency from billing.refunds
    union all select stripe_refund, null, status, amount_minor, currency from billing.topup_refunds
  ) r on r.stripe_refund = ids.id
  left join billing.reconciliation_found f on f.run = $1 and f.kind = 'refund' and f.id = ids.id order by ids.id`;
/**
 * Top-ups of which a payment was found, and those of the books that were paid in the month: $1 run, $2 after, $3 at
 * most, $4 and $5 the month.
 */
export const topUpsOfRun = `
  with ids as (
    select f.facts ->> 'topUpId' as id from billing.reconciliation_found f where f.run = $1 and f.kind = 'payment'
      and f.facts ->> 'topUpId' > $2
    union select t.id::text from billing.topups t where t.paid_at >= $4 and t.paid_at < $5 and t.id::text > $2
    order by 1 limit $3)
  select ids.id, t.account, t.status, t.reason, t.units, t.amount_minor, t.currency, t.payment_intent,
    coalesce((select sum(r.amount_minor) from billing.topup_refunds r where r.topup_id = t.id
      and r.status = 'succeeded'), 0)::bigint as refunded_minor,
    coalesce((select jsonb_agg(f.facts order by f.id) from billing.reconciliation_found f where f.run = $1
      and f.kind = 'payment' and f.facts ->> 'topUpId' = ids.id), '[]') as payments
  from ids left join billing.topups t on t.id::text = ids.id order by ids.id`;
export const differencesToFix = `
  select number, reference, fix, charge_id, payment_intent from billing.reconciliation_differences
  where run = $1 and number > $2 and fix is not null and outcome is distinct from 'fixed' order by number limit $3`;
export const foundOne = 'select facts from billing.reconciliation_found where run = $1 and kind = $2 and id = $3';
