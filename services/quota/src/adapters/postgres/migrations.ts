import type { ServiceSchema } from '@tollgate/persistence';

/** Quota's schema: the last answer of a remote quota provider for each token, which is known by its hash only. */
export const quotaSchema: ServiceSchema = {
  schema: 'quota',
  role: 'tollgate_quota',
  migrations: [
    {
      name: '20261121090000-create-limits',
      sql: `
        create table quota.limits (
          token_hash text not null,
          quota_bytes bigint not null check (quota_bytes >= 0),
          subscription_type text not null,
          expires_at timestamptz,
          fetched_at timestamptz not null,
          used_at timestamptz not null,
          constraint limits_pkey primary key (token_hash),
          constraint limits_token_hashed check (token_hash ~ '^[0-9a-f]{64}$')
        );
        comment on table quota.limits is
          'Limits owned by a remote provider, as last fetched; how much is used, the ledger knows.';
        create index limits_used on quota.limits (used_at);
        grant select, insert, update on quota.limits to tollgate_quota;
      `,
    },
    {
      name: '20261121110000-add-limit-bookings',
      sql: `
        alter table quota.limits
          add column partition smallint not null default 0,
          add column valid boolean not null default true,
          add column booked_bytes bigint;
        alter table quota.limits alter column partition drop default;
        comment on column quota.limits.partition
          is 'where the account quota:<first 32 hex digits> lives: chosen once, as the number of partitions is';
        comment on column quota.limits.valid is 'false: the provider has refused the token since';
        comment on column quota.limits.booked_bytes
          is 'the limit that the log holds; another one than quota_bytes is still to be appended';
      `,
    },
    {
      name: '20261127221500-open-with-first-use',
      sql: `
        alter table quota.limits add column opened boolean not null default false;
        update quota.limits set opened = true where booked_bytes is not null;
        comment on column quota.limits.opened
          is 'false: nothing was used yet, so that the log does not know the account';
      `,
    },
  ],
};
