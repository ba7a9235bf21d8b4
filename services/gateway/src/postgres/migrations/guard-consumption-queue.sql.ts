/**
 * One bad row stops no other: what can be refused is refused when it is recorded, and what the log cannot take is set
 * aside.
 */
export const guardConsumptionQueue = {
  name: '20261127221500-guard-consumption-queue',
  sql: `
alter table gateway.consumption_queue
  add column set_aside_at timestamptz,
  add column set_aside_reason text,
  add constraint consumption_user_id_readable check (user_id !~ U&'[\\0001-\\001F\\007F-\\009F]'
    and user_id !~ '(^|/)[.][.]?(/|$)'),
  add constraint consumption_operation_type_readable check (operation_type !~ U&'[\\0001-\\001F\\007F-\\009F]'),
  add constraint consumption_client_id_readable check (client_id !~ U&'[\\0001-\\001F\\007F-\\009F]'),
  add constraint consumption_metadata_size check (octet_length(metadata::text) <= 65536);
comment on column gateway.consumption_queue.set_aside_at
  is 'a dead letter: the log cannot take it, for the reason beside; set it to null to have it tried again';
drop index gateway.consumption_waiting;
create index consumption_waiting on gateway.consumption_queue (created_at, id)
  where appended_at is null and set_aside_at is null;
create index consumption_set_aside on gateway.consumption_queue (set_aside_at) where set_aside_at is not null;
grant update (set_aside_at, set_aside_reason) on gateway.consumption_queue to tollgate_gateway;
`,
} as const;
