/** Shares of limits, allowances and balances at which a subscriber of `account.threshold` is told, in percent. */
export const tellThresholds = {
  name: '20261127235500-tell-thresholds',
  sql: `
alter table billing.webhook_endpoints add column thresholds smallint[] not null default '{80,100}';
`,
} as const;
