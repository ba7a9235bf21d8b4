/** One publisher of a name at a time, until the end of the transaction: its versions are numbered without gaps. */
export const lockName = `select pg_advisory_xact_lock(hashtextextended('billing.catalog:' || $1 || '/' || $2, 0))`;

/** A version by the key of the request that published it. */
export const findByKey = `
  select catalog, name, version, content_hash from billing.catalog_versions where request_key = $1`;

/** The next version and its place in the outbox, in one statement. */
export const insertVersion = `
  with published as (
    insert into billing.catalog_versions (catalog, name, version, effective_from, published_at, content, request_key,
      content_hash)
    select $1, $2, coalesce(max(version), 0) + 1, $3::timestamptz, $4::timestamptz, $5::jsonb, $6, $7
    from billing.catalog_versions where catalog = $1 and name = $2
    returning catalog, name, version)
  insert into billing.outbox (catalog, name, version) select catalog, name, version from published
  returning version`;

const versionColumns = `
  select v.catalog, v.name, v.version, v.effective_from, v.published_at, v.content,
    (o.position is null or o.booked_at is not null) as booked
  from billing.catalog_versions v left join billing.outbox o using (catalog, name, version)`;

export const findVersion = `${versionColumns} where v.catalog = $1 and v.name = $2 and v.version = $3`;

/** Newest first; $2 null: of every name. */
export const listVersions = `${versionColumns}
  where v.catalog = $1 and ($2::text is null or v.name = $2)
  order by v.published_at desc, v.name, v.version desc`;

/** One broadcasting instance at a time, until the end of the transaction; false: another one is at it. */
export const tryBroadcastLock = `select pg_try_advisory_xact_lock(hashtextextended('billing.broadcast', 0)) as ours`;

export const nextOutstanding = `${versionColumns} where o.appended_at is null and o.position is not null
  order by o.position limit 1`;

export const markAppended = `
  update billing.outbox set appended_at = now() where catalog = $1 and name = $2 and version = $3 and appended_at
    is null`;

export const awaitingBooking = `${versionColumns} where o.appended_at is not null and o.booked_at is null
  order by o.position`;

export const markBooked = `
  update billing.outbox set booked_at = now() where catalog = $1 and name = $2 and version = $3 and booked_at is null`;
