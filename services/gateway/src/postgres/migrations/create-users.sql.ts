/** Users, failed logins, server keys and licence keys. Balances, owners and statuses of keys belong to the ledger. */
export const createUsers = {
  name: '20261121034500-create-users',
  sql: `
create table gateway.users (
  id text primary key,
  email text,
  name text,
  role text not null default 'user',
  password_hash text,
  key_salt text not null,
  created_at timestamptz not null default now(),
  constraint users_email_once unique (email),
  constraint users_role_known check (role in ('user', 'admin'))
);
comment on column gateway.users.password_hash is 'scrypt$N$r$p$salt$key; null: logs in at an outside identity provider';

create table gateway.login_failures (
  id bigint generated always as identity primary key,
  account text not null,
  failed_at timestamptz not null
);
create index login_failures_by_account on gateway.login_failures (account, failed_at);

create table gateway.api_keys (
  id uuid primary key,
  name text,
  key_hash text not null,
  scopes text[] not null,
  rate_limit_per_s integer,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  constraint api_keys_hash_once unique (key_hash),
  constraint api_keys_rate_positive check (rate_limit_per_s > 0)
);

create table gateway.license_keys (
  id uuid primary key,
  license_key text not null,
  account text not null,
  partition smallint not null,
  user_id text,
  price_per_token bigint,
  created_at timestamptz not null default now(),
  opened_at timestamptz,
  deleted_at timestamptz,
  constraint license_keys_key_once unique (license_key),
  constraint license_keys_account_once unique (account),
  constraint license_keys_price_positive check (price_per_token >= 1)
);
comment on column gateway.license_keys.partition
  is 'where the account lives: chosen once, as the number of partitions is';
comment on column gateway.license_keys.user_id is 'projection of the ledger''s owner';
comment on column gateway.license_keys.opened_at is 'null: the ledger has not confirmed the account yet';
create index license_keys_by_user on gateway.license_keys (user_id);
create index license_keys_by_age on gateway.license_keys (created_at, id);

grant select, insert, update on gateway.users, gateway.api_keys, gateway.license_keys to tollgate_gateway;
grant select, insert, delete on gateway.login_failures to tollgate_gateway;
`,
} as const;
