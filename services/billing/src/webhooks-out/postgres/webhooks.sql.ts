/** Where a feed begins that nobody has read before. */
export const insertFeed =
  'insert into billing.webhook_feeds (feed, positions) values ($1, $2) on conflict (feed) do nothing';
/** The newest event of every partition that was published. */
export const chargeHeads = `select coalesce(jsonb_object_agg(partition, newest), '{}'::jsonb) as heads from (
  select partition::text, max(partition_seq)::text as newest from billing.charge_outbox where partition_seq is not null
    group by partition) as heads`;

/** One message for one endpoint: $1 endpoint, $2 id, $3 type, $4 body, $5 now. */
export const tellOne = `
with there as (select id from billing.webhook_endpoints where id = $1 and removed_at is null),
message as (insert into billing.webhook_messages (id, type, payload, created_at) select $2, $3, $4, $5 from there
  returning id)
insert into billing.webhook_deliveries (endpoint, message, status, next_try_at, created_at)
  select there.id, message.id, 'pending', $5, $5 from there, message`;
export const endPending = `update billing.webhook_deliveries set status = 'failed', next_try_at = null
  where endpoint = $1 and status = 'pending'`;
/** When the last endpoint is removed, the places are forgotten: the next endpoint is told only of later events. */
export const forgetFeeds = `delete from billing.webhook_feeds where not exists (select 1 from billing.webhook_endpoints
  where removed_at is null)`;

/**
 * One instance reads a feed at a time, until the end of the transaction; no row: nobody subscribes, or another one is
 * at it.
 */
export const lockFeed = 'select positions from billing.webhook_feeds where feed = $1 for update skip locked';
export const moveFeed = 'update billing.webhook_feeds set positions = $2 where feed = $1';
export const endpointsToTell = `select id, events, account_prefix, balance_below, thresholds
  from billing.webhook_endpoints where removed_at is null and enabled`;

/** $1 positions as jsonb, $2 limit. In the order of publication a partition. */
export const chargeEventsAfter = `
select o.partition, o.partition_seq, e.charge_id, e.number, e.type, e.data, e.occurred_at, c.account, c.user_id,
  c.period_start, c.period_end, c.block,
  c.billing_tier, c.amount_minor, c.currency
from (select distinct partition from billing.charge_outbox where partition is not null) p
cross join lateral (
  select * from billing.charge_outbox o
  where o.partition = p.partition and o.partition_seq > coalesce(($1::jsonb ->> p.partition::text)::bigint, 0)
    order by o.partition_seq limit $2
) o
join billing.charge_events e using (charge_id, number)
join billing.charges c on c.id = e.charge_id
order by o.partition, o.partition_seq limit $2`;

/** $1 ids, $2 types, $3 bodies, $4 now; $5 and $6: endpoint and message of each delivery. A repeat adds nothing. */
export const keepMessages = `
with messages as (
  insert into billing.webhook_messages (id, type, payload, created_at)
  select id, type, payload, $4 from unnest($1::text[], $2::text[], $3::text[]) m(id, type, payload)
    on conflict (id) do nothing
)
insert into billing.webhook_deliveries (endpoint, message, status, next_try_at, created_at)
select endpoint, message, 'pending', $4, $4 from unnest($5::uuid[], $6::text[]) d(endpoint, message)
  on conflict (endpoint, message) do nothing`;

/** $1 now, $2 end of the lease, $3 at most an endpoint, $4 in all, $5 endpoints that are busy. */
export const claimDue = `
with due as (
  select d.id from billing.webhook_endpoints e
  cross join lateral (
    select id from billing.webhook_deliveries d where d.endpoint = e.id and d.status = 'pending' and d.next_try_at <= $1
    order by d.next_try_at, d.id limit $3 for update skip locked
  ) d
  where e.enabled and e.removed_at is null and e.id <> all($5::uuid[]) limit $4
), claimed as (
  update billing.webhook_deliveries d set attempts = attempts + 1, next_try_at = $2 from due where d.id = due.id
  returning d.id, d.endpoint, d.message, d.attempts
)
select c.id, c.endpoint, e.url, e.secret, case when e.secret_before_until > $1 then e.secret_before end
  as secret_before, c.message, m.payload as body, c.attempts
from claimed c join billing.webhook_endpoints e on e.id = c.endpoint join billing.webhook_messages m
  on m.id = c.message`;

/**
 * Notes the attempt; the delivery moves on only while it is still that attempt's: a replay or a removal meanwhile wins.
 */
export const settleDelivery = `
with noted as (
  insert into billing.webhook_attempts (delivery, started_at, status_code, error, duration_ms) values ($1, $3, $4, $5,
    $6)
)
update billing.webhook_deliveries set status = $7, next_try_at = $8 where id = $1 and attempts = $2
  and status = 'pending'`;

export const deliveriesPage = `
select d.id, d.message, m.type, m.payload, d.status, d.attempts, d.next_try_at, d.created_at, coalesce(log.attempts,
  '[]') as log
from billing.webhook_deliveries d
join billing.webhook_messages m on m.id = d.message
left join lateral (
  select json_agg(json_build_object('at', a.started_at, 'status_code', a.status_code, 'error', a.error, 'duration_ms',
    a.duration_ms)) as attempts
  from (select * from billing.webhook_attempts a where a.delivery = d.id order by started_at desc limit 10) a
) log on true
where d.endpoint = $1 and ($2::text is null or d.status = $2) and ($3::bigint is null or d.id < $3)
  order by d.id desc limit $4`;

/** $2 delivery or null, $3 since or null, $4 status or null; pending ones are under way already. */
export const replayDeliveries = `update billing.webhook_deliveries set status = 'pending', attempts = 0,
  next_try_at = $5
where endpoint = $1 and status <> 'pending' and ($2::bigint is null or id = $2) and ($3::timestamptz is null
  or created_at >= $3)
  and ($4::text is null or status = $4)`;
export const pruneMessages = `delete from billing.webhook_messages m where m.created_at < $1
  and not exists (select 1 from billing.webhook_deliveries d where d.message = m.id and d.status = 'pending')`;
