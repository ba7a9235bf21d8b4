/** The first of two approvals of a refund above the sum of FOUR_EYES_ABOVE. */
export const addFirstApproval = {
  name: '20261127222000-add-first-approval',
  sql: `
alter table billing.refunds add column first_approval text;
grant update (first_approval) on billing.refunds to tollgate_billing;
`,
} as const;
