-- The schema "quota" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

table quota.limits
  token_hash text not null
  quota_bytes bigint not null
  subscription_type text not null
  expires_at timestamp with time zone
  fetched_at timestamp with time zone not null
  used_at timestamp with time zone not null
  partition smallint not null
  valid boolean not null default true
  booked_bytes bigint
  opened boolean not null default false
  constraint limits_pkey PRIMARY KEY (token_hash)
  constraint limits_quota_bytes_check CHECK ((quota_bytes >= 0))
  constraint limits_token_hashed CHECK ((token_hash ~ '^[0-9a-f]{64}$'::text))
  CREATE INDEX limits_used ON quota.limits USING btree (used_at)


grant insert, select, update on quota.limits to tollgate_quota
grant usage on schema quota to tollgate_quota
