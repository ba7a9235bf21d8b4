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


sequence billing.outbox_position_seq bigint start 1 increment 1

CREATE OR REPLACE FUNCTION billing.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
          begin raise exception 'a published version is immutable'; end $function$


grant insert, select on billing.catalog_versions to tollgate_billing
grant insert, select on billing.outbox to tollgate_billing
grant update (appended_at, booked_at) on billing.outbox to tollgate_billing
grant usage on schema billing to tollgate_billing
