/**
 * What callers said beside their requests can be erased; keys, hashes and steps stay, so that a repeat still does
 * nothing twice.
 */
export const allowErasing = {
  name: '20261127224500-allow-erasing',
  sql: `
alter table gateway.operations add column erased_at timestamptz;
comment on column gateway.operations.erased_at is 'request and answers were erased: a repeat under the key is told so';
grant update (metadata, client_id, operation_type) on gateway.consumption_queue to tollgate_gateway;
`,
} as const;
