/**
 * Credentials end when role or password change; server keys may end at a time, belong to one family and are rotated.
 */
export const renewCredentials = {
  name: '20261127220000-renew-credentials',
  sql: `
alter table gateway.users
  add column token_version integer not null default 0,
  add column key_created_at timestamptz not null default now(),
  add column credentials_changed_at timestamptz not null default now(),
  add column configured_password_hash text,
  alter column key_salt drop not null;
comment on column gateway.users.token_version is 'logins carry it; logins with an earlier one are over';
comment on column gateway.users.key_salt is 'random part of the API key; null: the user has revoked it';
comment on column gateway.users.configured_password_hash
  is 'of ADMIN_PASSWORD when it was applied; null: not the configured administrator';
create index users_by_credentials_change on gateway.users (credentials_changed_at);

alter table gateway.api_keys
  add column expires_at timestamptz,
  add column account text,
  add column last_used_at timestamptz;
comment on column gateway.api_keys.account is 'the key works for this account and those below it; null: for all';
`,
} as const;
