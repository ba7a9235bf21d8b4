const columns = `c.period, c.number, c.type, c.as_of, c.figures, c.hash, c.reason, c.actor, c.at, e.entry`;
const from = `from billing.closings c left join billing.closing_entries e on e.period = c.period
  and e.number = c.number`;
export const closingSteps = `select ${columns} ${from} where ($1::text is null or c.period = $1)
  order by c.period, c.number`;
export const lastClosing = `select ${columns} ${from} where c.period = $1 order by c.number desc limit 1`;
/** One step of a month at a time. */
export const lockClosing = `select pg_advisory_xact_lock(hashtextextended('billing.closing:' || $1, 0))`;
export const insertClosing = `
  insert into billing.closings (period, number, type, as_of, figures, hash, reason, actor, address, at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`;
export const insertClosingEntry =
  'insert into billing.closing_entries (period, number, entry) values ($1, $2, $3) on conflict do nothing';
