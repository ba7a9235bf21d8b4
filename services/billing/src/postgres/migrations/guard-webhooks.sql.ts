/** Secrets of subscribers are sealed, and rotate with an overlap in which both sign. */
export const guardWebhooks = {
  name: '20261127230000-guard-webhooks',
  sql: `
alter table billing.webhook_endpoints
  add column secret_before text,
  add column secret_before_until timestamptz;
comment on column billing.webhook_endpoints.secret
  is 'sealed with WEBHOOK_ENCRYPTION_KEY for this row; empty once removed';
comment on column billing.webhook_endpoints.secret_before is 'signs too, until secret_before_until';
grant update (secret_before, secret_before_until) on billing.webhook_endpoints to tollgate_billing;
`,
} as const;
