/** Features, their endpoints, packages and profits of the token-process surface; removed rows are kept and marked. */
export const createTokenCatalog = {
  name: '20261121100000-create-token-catalog',
  sql: `
create table billing.features (
  id text not null,
  name text not null,
  description text,
  is_active boolean not null default true,
  position bigint generated always as identity,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint features_pkey primary key (id)
);
create table billing.feature_endpoints (
  id text not null,
  feature text not null,
  path text not null,
  method text,
  minimum_token bigint not null default 0 check (minimum_token >= 0),
  is_active boolean not null default true,
  position bigint generated always as identity,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint feature_endpoints_pkey primary key (id),
  constraint feature_endpoints_feature_fkey foreign key (feature) references billing.features (id)
);
create table billing.packages (
  id text not null,
  name text not null,
  features text[] not null,
  token bigint not null check (token >= 0),
  duration_days integer check (duration_days >= 1),
  overdraft text not null default 'allow' check (overdraft in ('allow', 'forbid')),
  position bigint generated always as identity,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint packages_pkey primary key (id)
);
create table billing.token_profits (
  id text not null,
  percentage numeric(5, 2) not null check (percentage between 0 and 100),
  is_active boolean not null default true,
  position bigint generated always as identity,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint token_profits_pkey primary key (id)
);
comment on column billing.token_profits.percentage
  is 'The active ones add up to the profit of the rate card default.';

-- Raised by every change, whose transactions it puts in one order; the gateways ask for it to know whether they are
-- up to date.
create table billing.token_catalog_revision (
  one boolean primary key default true check (one),
  revision bigint not null default 1
);
insert into billing.token_catalog_revision default values;

-- First answers of creations that came with a key; kept for ever.
create table billing.resource_creations (
  resource text not null,
  request_key text not null,
  content_hash text not null,
  answer jsonb not null,
  created_at timestamptz not null default now(),
  constraint resource_creations_once primary key (resource, request_key)
);

grant select, insert, update on billing.features, billing.feature_endpoints, billing.packages,
  billing.token_profits to tollgate_billing;
grant select, update (revision) on billing.token_catalog_revision to tollgate_billing;
grant select, insert on billing.resource_creations to tollgate_billing;
`,
} as const;
