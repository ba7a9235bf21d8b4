/** Images under way between charge and task, and the answers of those with a key (rule 24). */
export const createOptimizeSubmits = {
  name: '20261121112000-create-optimize-submits',
  sql: `
create table gateway.optimize_submits (
  id uuid not null,
  account text not null,
  idempotency_key text,
  content_hash text not null,
  submit jsonb not null,
  answer json,
  lease_until timestamptz not null,
  created_at timestamptz not null default now(),
  constraint optimize_submits_pkey primary key (id),
  constraint optimize_submits_key_once unique (account, idempotency_key)
);
comment on table gateway.optimize_submits
  is 'image submits: task and charge have the row''s id; kept after the answer where a key may ask for it again';
comment on column gateway.optimize_submits.answer is 'json, so that a repeat gets the same text';
comment on column gateway.optimize_submits.lease_until is 'until then a gateway works on it, by the real clock';
create index optimize_submits_under_way on gateway.optimize_submits (lease_until) where answer is null;
grant select, insert, update, delete on gateway.optimize_submits to tollgate_gateway;
`,
} as const;
