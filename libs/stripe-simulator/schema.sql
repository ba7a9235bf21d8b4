-- The schema "stripe_simulator" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

table stripe_simulator.answers
  idempotency_key text not null
  request_hash text not null
  status integer not null
  body jsonb not null
  created bigint not null
  constraint answers_pkey PRIMARY KEY (idempotency_key)

table stripe_simulator.events
  position bigint not null generated always as identity
  id text not null
  body jsonb not null
  tries integer not null default 0
  delivered_at timestamp with time zone
  next_try_at timestamp with time zone not null default now()
  constraint events_id_once UNIQUE (id)
  constraint events_pkey PRIMARY KEY ("position")
  CREATE INDEX events_undelivered ON stripe_simulator.events USING btree (next_try_at) WHERE (delivered_at IS NULL)

table stripe_simulator.objects
  id text not null
  kind text not null
  customer text
  created bigint not null
  due bigint
  position bigint not null generated always as identity
  body jsonb not null
  constraint objects_pkey PRIMARY KEY (id)
  CREATE INDEX objects_due ON stripe_simulator.objects USING btree (due) WHERE (due IS NOT NULL)
  CREATE INDEX objects_newest ON stripe_simulator.objects USING btree (kind, customer, "position" DESC)


sequence stripe_simulator.events_position_seq bigint start 1 increment 1
sequence stripe_simulator.objects_position_seq bigint start 1 increment 1

grant delete, insert, select, update on stripe_simulator.answers to tollgate_stripe_simulator
grant delete, insert, select, update on stripe_simulator.events to tollgate_stripe_simulator
grant delete, insert, select, update on stripe_simulator.objects to tollgate_stripe_simulator
grant usage on schema stripe_simulator to tollgate_stripe_simulator
