/**
 * Where the topic in use begins among all records that were booked: 0, until the books were moved to an empty topic
 * (rule 4). Offsets in the books count on over the move.
 */
export const moveLog =
  'alter table ledger.positions add column log_base bigint not null default 0 check (log_base >= 0)';
