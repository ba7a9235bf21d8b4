-- The schema "gateway" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

table gateway.api_keys
  id uuid not null
  name text
  key_hash text not null
  scopes text[] not null
  rate_limit_per_s integer
  created_at timestamp with time zone not null default now()
  revoked_at timestamp with time zone
  constraint api_keys_hash_once UNIQUE (key_hash)
  constraint api_keys_pkey PRIMARY KEY (id)
  constraint api_keys_rate_positive CHECK ((rate_limit_per_s > 0))

table gateway.license_keys
  id uuid not null
  license_key text not null
  account text not null
  partition smallint not null
  user_id text
  price_per_token bigint
  created_at timestamp with time zone not null default now()
  opened_at timestamp with time zone
  deleted_at timestamp with time zone
  constraint license_keys_account_once UNIQUE (account)
  constraint license_keys_key_once UNIQUE (license_key)
  constraint license_keys_pkey PRIMARY KEY (id)
  constraint license_keys_price_positive CHECK ((price_per_token >= 1))
  CREATE INDEX license_keys_by_age ON gateway.license_keys USING btree (created_at, id)
  CREATE INDEX license_keys_by_user ON gateway.license_keys USING btree (user_id)

table gateway.login_failures
  id bigint not null generated always as identity
  account text not null
  failed_at timestamp with time zone not null
  constraint login_failures_pkey PRIMARY KEY (id)
  CREATE INDEX login_failures_by_account ON gateway.login_failures USING btree (account, failed_at)

table gateway.operations
  id uuid not null
  account text not null
  operation text not null
  key text
  content_hash text not null
  request jsonb not null
  step text not null default 'started'::text
  hold text
  delivered jsonb
  result jsonb
  reason text
  leased_by uuid not null
  leased_until timestamp with time zone not null
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  constraint operations_key_once UNIQUE (account, operation, key)
  constraint operations_pkey PRIMARY KEY (id)
  constraint operations_step_known CHECK ((step = ANY (ARRAY['started'::text, 'held'::text, 'answered'::text, 'failing'::text, 'done'::text, 'failed'::text, 'orphaned'::text])))
  CREATE INDEX operations_open ON gateway.operations USING btree (leased_until) WHERE (step = ANY (ARRAY['started'::text, 'held'::text, 'answered'::text, 'failing'::text]))
  CREATE INDEX operations_orphaned ON gateway.operations USING btree (updated_at) WHERE ((step = 'orphaned'::text) OR (reason IS NOT NULL))
  CREATE INDEX operations_over ON gateway.operations USING btree (updated_at) WHERE ((key IS NULL) AND (step = ANY (ARRAY['done'::text, 'failed'::text])))

table gateway.users
  id text not null
  email text
  name text
  role text not null default 'user'::text
  password_hash text
  key_salt text not null
  created_at timestamp with time zone not null default now()
  constraint users_email_once UNIQUE (email)
  constraint users_pkey PRIMARY KEY (id)
  constraint users_role_known CHECK ((role = ANY (ARRAY['user'::text, 'admin'::text])))


sequence gateway.login_failures_id_seq bigint start 1 increment 1

grant delete, insert, select on gateway.login_failures to tollgate_gateway
grant delete, insert, select, update on gateway.operations to tollgate_gateway
grant insert, select, update on gateway.api_keys to tollgate_gateway
grant insert, select, update on gateway.license_keys to tollgate_gateway
grant insert, select, update on gateway.users to tollgate_gateway
grant usage on schema gateway to tollgate_gateway

-- The schema "public" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

view public.token_usage as
 SELECT (e.partition || '-'::text) || e.partition_seq AS id,
    k.id AS license_key_id,
    t.owner AS user_id,
    e.balance_after - e.amount AS previous_balance,
    e.balance_after AS new_balance,
    d.content ->> 'purpose'::text AS purpose,
    d.content -> 'metadata'::text AS metadata,
    e.recorded_at AS created_at
   FROM gateway.license_keys k
     JOIN ledger.accounts a ON a.partition = k.partition AND a.id = k.account
     JOIN ledger.entries e ON e.partition = a.partition AND e.account = a.account AND e.kind = 4
     LEFT JOIN ledger.details d ON d.partition = e.partition AND d.partition_seq = e.partition_seq
     LEFT JOIN LATERAL ( SELECT account_terms.owner
           FROM ledger.account_terms
          WHERE account_terms.partition = e.partition AND account_terms.account = e.account AND account_terms.seq <= e.seq
          ORDER BY account_terms.seq DESC
         LIMIT 1) t ON true;

grant usage on schema public to public
