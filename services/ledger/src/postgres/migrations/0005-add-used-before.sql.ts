/**
 * Counters carry what was used in all periods before theirs, so that what an account ever used is known without a sum
 * over its entries. Counters of before this migration count from it on.
 */
export const addUsedBefore = 'alter table ledger.counters add column used_before bigint not null default 0;';
