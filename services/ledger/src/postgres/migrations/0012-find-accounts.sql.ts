/**
 * What look-ups go by: accounts that have or had a limit, and those that belong or belonged to an owner; the newest
 * terms decide.
 */
export const findAccounts = `
create index account_terms_limited on ledger.account_terms (partition, account) where settings ?| array['limit',
  'limits'];
create index account_terms_by_owner on ledger.account_terms (owner, partition, account) where owner is not null;
`;
