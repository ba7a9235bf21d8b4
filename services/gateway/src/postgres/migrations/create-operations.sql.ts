/** Composed operations under way and what keyed ones answered (rule 24). Balances and holds belong to the ledger. */
export const createOperations = {
  name: '20261121064000-create-operations',
  sql: `
create table gateway.operations (
  id uuid primary key,
  account text not null,
  operation text not null,
  key text,
  content_hash text not null,
  request jsonb not null,
  step text not null default 'started',
  hold text,
  delivered jsonb,
  result jsonb,
  reason text,
  leased_by uuid not null,
  leased_until timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint operations_key_once unique (account, operation, key),
  constraint operations_step_known check (step in ('started', 'held', 'answered', 'failing', 'done', 'failed',
    'orphaned'))
);
comment on column gateway.operations.key
  is 'the caller''s Idempotency-Key; null: none, or free again because the operation failed';
comment on column gateway.operations.leased_until
  is 'real time; an open operation past it is taken over by whoever looks next';
create index operations_open on gateway.operations (leased_until) where step in ('started', 'held', 'answered',
  'failing');
create index operations_orphaned on gateway.operations (updated_at) where step = 'orphaned' or reason is not null;
create index operations_over on gateway.operations (updated_at) where key is null and step in ('done', 'failed');
grant select, insert, update, delete on gateway.operations to tollgate_gateway;
`,
} as const;
