/** Bought units keep their mark from the grant to the last one that is used. */
export const addPurchasedLots = 'alter table ledger.lots add column purchased boolean not null default false;';
