/** Comparisons are numbered as they begin: two of one moment have an order too. */
export const numberReconciliations = {
  name: '20261128000500-number-reconciliations',
  sql: `
alter table billing.reconciliations add column number bigint generated always as identity;
`,
} as const;
