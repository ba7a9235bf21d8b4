/** New terms resume what was paused; the same terms again change nothing. */
export const putTerms = `
insert into billing.auto_topups as t (account, user_id, below, units, amount_minor, currency, day_max_minor,
  month_max_minor, failures_max, changed_by, changed_from, changed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (account) do update set user_id = $2, below = $3, units = $4, amount_minor = $5, currency = $6,
  day_max_minor = $7, month_max_minor = $8, failures_max = $9, failures = 0, reason = null, paused_at = null,
  next_try_at = null, waits_for = null, version = t.version + 1, changed_by = $10, changed_from = $11, changed_at = $12
where (t.user_id, t.below, t.units, t.amount_minor, t.currency, t.day_max_minor, t.month_max_minor, t.failures_max)
  is distinct from ($2, $3::bigint, $4::bigint, $5::bigint, $6, $7::bigint, $8::bigint, $9::integer)`;
export const lockTerms = 'select * from billing.auto_topups where account = $1 for update';
/** Terms are always locked before purchases, so that there is no deadlock. */
export const lockTermsOf = `
select * from billing.auto_topups where account = (select account from billing.topups where id = $1) for update`;
export const removeTerms = 'delete from billing.auto_topups where account = $1';
export const resumeTerms = `
update billing.auto_topups set failures = 0, reason = null, paused_at = null, next_try_at = null, waits_for = null,
  version = version + 1, changed_by = $2, changed_from = $3, changed_at = $4
where account = $1`;
/** Names the person who removes the terms in the last state that is kept. */
export const signTerms = `
update billing.auto_topups set changed_by = $2, changed_from = $3, changed_at = $4, version = version + 1
where account = $1`;
export const changeTerms = `
update billing.auto_topups set failures = $2, reason = $3, paused_at = $4, next_try_at = $5, waits_for = $6,
  version = version + 1
where account = $1`;

/** $1 start of the day, $2 of the month: what was taken, or is being taken, since; by when the money was taken. */
const spent = (account: string): string => `
  select coalesce(sum(s.amount_minor) filter (where s.paid_at is null or s.paid_at >= $1), 0)::bigint as day_minor,
    coalesce(sum(s.amount_minor), 0)::bigint as month_minor
  from billing.topups s
  where s.account = ${account} and s.currency = t.currency and s.status <> 'failed'
    and (s.paid_at is null or s.paid_at >= $2)`;
export const spentOf = `
select spent.* from billing.auto_topups t cross join lateral (${spent('t.account')}) spent where t.account = $3`;
export const viewOfTerms = `
select t.*, spent.* from billing.auto_topups t cross join lateral (${spent('t.account')}) spent where t.account = $3`;
export const viewsOfTerms = `
select t.*, spent.* from billing.auto_topups t cross join lateral (${spent('t.account')}) spent
where t.account > $3 order by t.account limit $4`;

/** $1 after, $2 at most, $3 now. */
export const watchedTerms = `
select t.account, t.below, t.version from billing.auto_topups t
where t.account > $1 and t.paused_at is null and (t.next_try_at is null or t.next_try_at <= $3)
  and not exists (select 1 from billing.topups o where o.account = t.account
    and o.status in ('pending', 'processing', 'paid'))
order by t.account limit $2`;

export const insertTopUp = `
insert into billing.topups (id, account, user_id, units, amount_minor, currency, status, available_before, request,
  next_try_at, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9, $9, $9) on conflict do nothing`;
export const dueTopUps = `
select id from billing.topups where status in ('pending', 'processing', 'paid') and next_try_at <= $1
order by next_try_at limit $2`;
export const topUpById = 'select * from billing.topups where id = $1';
export const lockTopUp = 'select * from billing.topups where id = $1 for update';
export const saveTopUp = `
update billing.topups set status = $2, reason = $3, payment_intent = $4, attempts = $5, unanswered = $6, paid_at = $7,
  appended_at = $8, next_try_at = $9, updated_at = $10
where id = $1`;
/** $1 account, $2 status (null: any), $3 and $4 the last of the previous page (null: the first), $5 at most. */
export const topUpsPage = `
select * from billing.topups
where ($1::text is null or account = $1) and ($2::text is null or status = $2)
  and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
order by created_at desc, id desc limit $5`;
export const topUpOfPayment = 'select id from billing.topups where payment_intent = $1';
/** Changes nothing when this state is known already. */
export const takeRefund = `
insert into billing.topup_refunds as r (stripe_refund, topup_id, amount_minor, currency, status, succeeded_at, told_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (stripe_refund) do update set status = $5, succeeded_at = $6, told_at = $7 where r.status <> $5`;
export const payerOfUser = 'select customer_id, payment_method from billing.customers where user_id = $1';
