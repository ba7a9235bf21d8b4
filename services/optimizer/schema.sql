-- The schema "optimizer" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

table optimizer.tasks
  id uuid not null
  status text not null
  size integer not null
  format text not null
  owner text
  name text
  quality smallint
  webp boolean
  staged_at timestamp with time zone not null default now()
  created_at timestamp with time zone
  expires_at timestamp with time zone
  completed_at timestamp with time zone
  claimed_until timestamp with time zone
  attempts integer not null default 0
  optimized_size integer
  webp_size integer
  error text
  charge_returned_at timestamp with time zone
  constraint tasks_pkey PRIMARY KEY (id)
  constraint tasks_started CHECK (((status = 'staged'::text) OR ((owner IS NOT NULL) AND (name IS NOT NULL) AND ((quality >= 1) AND (quality <= 100)) AND (webp IS NOT NULL) AND (created_at IS NOT NULL) AND (expires_at IS NOT NULL))))
  constraint tasks_status_known CHECK ((status = ANY (ARRAY['staged'::text, 'pending'::text, 'completed'::text, 'failed'::text, 'expired'::text])))
  CREATE INDEX tasks_expired ON optimizer.tasks USING btree (expires_at) WHERE (status = 'expired'::text)
  CREATE INDEX tasks_pending ON optimizer.tasks USING btree (created_at) WHERE (status = 'pending'::text)
  CREATE INDEX tasks_staged ON optimizer.tasks USING btree (staged_at) WHERE (status = 'staged'::text)
  CREATE INDEX tasks_to_expire ON optimizer.tasks USING btree (expires_at) WHERE (status = ANY (ARRAY['pending'::text, 'completed'::text, 'failed'::text]))
  CREATE INDEX tasks_to_return ON optimizer.tasks USING btree (completed_at) WHERE ((error IS NOT NULL) AND (charge_returned_at IS NULL))


grant delete, insert, select, update on optimizer.tasks to tollgate_optimizer
grant usage on schema optimizer to tollgate_optimizer
