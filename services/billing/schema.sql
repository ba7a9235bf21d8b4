-- The schema "billing" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

table billing.catalog_versions
  catalog text not null
  name text not null
  version integer not null
  effective_from timestamp with time zone not null
  published_at timestamp with time zone not null
  content jsonb not null
  request_key text
  content_hash text not null
  constraint catalog_versions_catalog_check CHECK ((catalog = ANY (ARRAY['rate-card'::text, 'price-plan'::text])))
  constraint catalog_versions_key_once UNIQUE (request_key)
  constraint catalog_versions_never_back_dated CHECK ((effective_from >= published_at))
  constraint catalog_versions_once PRIMARY KEY (catalog, name, version)
  constraint catalog_versions_version_check CHECK ((version > 0))
  CREATE TRIGGER catalog_versions_immutable BEFORE DELETE OR UPDATE OR TRUNCATE ON billing.catalog_versions FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_change()

table billing.feature_endpoints
  id text not null
  feature text not null
  path text not null
  method text
  minimum_token bigint not null default 0
  is_active boolean not null default true
  position bigint not null generated always as identity
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  removed_at timestamp with time zone
  constraint feature_endpoints_feature_fkey FOREIGN KEY (feature) REFERENCES billing.features(id)
  constraint feature_endpoints_minimum_token_check CHECK ((minimum_token >= 0))
  constraint feature_endpoints_pkey PRIMARY KEY (id)

table billing.features
  id text not null
  name text not null
  description text
  is_active boolean not null default true
  position bigint not null generated always as identity
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  removed_at timestamp with time zone
  constraint features_pkey PRIMARY KEY (id)

table billing.outbox
  position bigint not null generated always as identity
  catalog text not null
  name text not null
  version integer not null
  appended_at timestamp with time zone
  booked_at timestamp with time zone
  constraint outbox_pkey PRIMARY KEY ("position")
  constraint outbox_version_fkey FOREIGN KEY (catalog, name, version) REFERENCES billing.catalog_versions(catalog, name, version)
  constraint outbox_version_once UNIQUE (catalog, name, version)
  CREATE INDEX outbox_outstanding ON billing.outbox USING btree ("position") WHERE (booked_at IS NULL)

table billing.packages
  id text not null
  name text not null
  features text[] not null
  token bigint not null
  duration_days integer
  overdraft text not null default 'allow'::text
  position bigint not null generated always as identity
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  removed_at timestamp with time zone
  constraint packages_duration_days_check CHECK ((duration_days >= 1))
  constraint packages_overdraft_check CHECK ((overdraft = ANY (ARRAY['allow'::text, 'forbid'::text])))
  constraint packages_pkey PRIMARY KEY (id)
  constraint packages_token_check CHECK ((token >= 0))

table billing.resource_creations
  resource text not null
  request_key text not null
  content_hash text not null
  answer jsonb not null
  created_at timestamp with time zone not null default now()
  constraint resource_creations_once PRIMARY KEY (resource, request_key)

table billing.token_catalog_revision
  one boolean not null default true
  revision bigint not null default 1
  constraint token_catalog_revision_one_check CHECK (one)
  constraint token_catalog_revision_pkey PRIMARY KEY (one)

table billing.token_profits
  id text not null
  percentage numeric(5,2) not null
  is_active boolean not null default true
  position bigint not null generated always as identity
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  removed_at timestamp with time zone
  constraint token_profits_percentage_check CHECK (((percentage >= (0)::numeric) AND (percentage <= (100)::numeric)))
  constraint token_profits_pkey PRIMARY KEY (id)


sequence billing.feature_endpoints_position_seq bigint start 1 increment 1
sequence billing.features_position_seq bigint start 1 increment 1
sequence billing.outbox_position_seq bigint start 1 increment 1
sequence billing.packages_position_seq bigint start 1 increment 1
sequence billing.token_profits_position_seq bigint start 1 increment 1

CREATE OR REPLACE FUNCTION billing.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
          begin raise exception 'a published version is immutable'; end $function$


grant insert, select on billing.catalog_versions to tollgate_billing
grant insert, select on billing.outbox to tollgate_billing
grant insert, select on billing.resource_creations to tollgate_billing
grant insert, select, update on billing.feature_endpoints to tollgate_billing
grant insert, select, update on billing.features to tollgate_billing
grant insert, select, update on billing.packages to tollgate_billing
grant insert, select, update on billing.token_profits to tollgate_billing
grant select on billing.token_catalog_revision to tollgate_billing
grant update (appended_at, booked_at) on billing.outbox to tollgate_billing
grant update (revision) on billing.token_catalog_revision to tollgate_billing
grant usage on schema billing to tollgate_billing
