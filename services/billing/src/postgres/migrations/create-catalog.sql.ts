/** Published rate cards and price plans, and how far the broadcast of each is. */
export const createCatalog = {
  name: '20261121090000-create-catalog',
  sql: `
create table billing.catalog_versions (
  catalog text not null check (catalog in ('rate-card', 'price-plan')),
  name text not null,
  version integer not null check (version > 0),
  effective_from timestamptz not null,
  published_at timestamptz not null,
  content jsonb not null,
  request_key text,
  content_hash text not null,
  constraint catalog_versions_once primary key (catalog, name, version),
  constraint catalog_versions_key_once unique (request_key),
  constraint catalog_versions_never_back_dated check (effective_from >= published_at)
);
create unique index catalog_versions_plan_once on billing.catalog_versions (name, effective_from)
  where catalog = 'price-plan';
comment on index billing.catalog_versions_plan_once
  is 'No two versions of a plan take effect at one moment: which one prices a period is never in doubt.';
comment on table billing.catalog_versions is 'Published versions; immutable.';

create table billing.outbox (
  position bigint generated always as identity,
  catalog text not null,
  name text not null,
  version integer not null,
  appended_at timestamptz,
  booked_at timestamptz,
  constraint outbox_pkey primary key (position),
  constraint outbox_version_once unique (catalog, name, version),
  constraint outbox_version_fkey foreign key (catalog, name, version) references billing.catalog_versions
);
create index outbox_outstanding on billing.outbox (position) where booked_at is null;
comment on table billing.outbox is 'Which versions the log, and then every partition of the ledger, has taken.';

create function billing.refuse_change() returns trigger language plpgsql as $$
  begin raise exception 'a published version is immutable'; end $$;
create trigger catalog_versions_immutable before update or delete or truncate on billing.catalog_versions
  for each statement execute function billing.refuse_change();

grant select, insert on billing.catalog_versions to tollgate_billing;
grant select, insert, update (appended_at, booked_at) on billing.outbox to tollgate_billing;

-- The rate card and the price plan that the ledger has built in; no broadcast needed, so nothing in the outbox.
insert into billing.catalog_versions (catalog, name, version, effective_from, published_at, content, content_hash)
values
  ('rate-card', 'default', 1, '1970-01-01Z', '1970-01-01Z', '{"profit_percent": 0, "meters": {"llm.tokens": {
    "rates": {"*": {"input_tokens": "0", "output_tokens": "1/4"}}, "profit": true}}}', 'built-in'),
  ('price-plan', 'default', 1, '1970-01-01Z', '1970-01-01Z', '{"included": "8000000", "block": "8000000",
    "block_price": "10000", "fixed_fee": "40000", "currency": "BRL", "time_zone": "UTC", "grace_seconds": 3600}',
    'built-in');
`,
} as const;
