export const catalogBooked = `select name, version, count(*)::int as partitions from ledger.catalog_versions
  where catalog = $1
group by name, version order by name, version`;

export const catalogItems =
  'select item, booked_at from ledger.catalog_versions where partition = $1 order by log_offset, version';

export const catalogItem = `select item, booked_at from ledger.catalog_versions
  where partition = $1 and catalog = 'rate-card' and name = $2 and version = $3`;
