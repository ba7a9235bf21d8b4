/** Usage that SQL-only producers record (surfaces §5): kept here until the log has it. */
export const createConsumptionQueue = {
  name: '20261121070500-create-consumption-queue',
  sql: `
create table gateway.consumption_queue (
  id uuid primary key default gen_random_uuid(),
  user_id text not null,
  tokens_used bigint not null,
  operation_type text not null,
  client_id text,
  metadata jsonb not null,
  created_at timestamptz not null default now(),
  appended_at timestamptz,
  constraint consumption_user_id_length check (length(user_id) between 1 and 128),
  constraint consumption_tokens_used_range check (tokens_used between 0 and 9007199254740991),
  constraint consumption_operation_type_length check (length(operation_type) between 1 and 128),
  constraint consumption_client_id_length check (length(client_id) between 1 and 128),
  constraint consumption_metadata_object check (jsonb_typeof(metadata) = 'object')
);
comment on column gateway.consumption_queue.appended_at is 'null: the log does not have it yet';
create index consumption_waiting on gateway.consumption_queue (created_at, id) where appended_at is null;
create index consumption_appended on gateway.consumption_queue (appended_at) where appended_at is not null;
grant select, delete on gateway.consumption_queue to tollgate_gateway;
grant update (appended_at) on gateway.consumption_queue to tollgate_gateway;
`,
} as const;
