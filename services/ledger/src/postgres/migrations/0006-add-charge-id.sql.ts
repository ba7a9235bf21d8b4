/**
 * A crossing names the charge it becomes (rule 26); crossings of before have none here, billing derives the same id
 * from them.
 */
export const addChargeId = 'alter table ledger.crossings add column charge_id uuid;';
