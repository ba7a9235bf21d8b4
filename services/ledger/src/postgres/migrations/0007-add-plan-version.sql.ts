/**
 * A crossing keeps what its plan version says of the block; crossings of before are of the built-in plan, version 1.
 */
export const addPlanVersion = `
alter table ledger.crossings add column plan_version integer, add column billing_tier text,
  add column amount_minor bigint, add column currency text;
`;
