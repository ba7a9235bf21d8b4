/**
 * `license_quotas` of the remote-quota document, as a view over limits and books: one row a token, which is shown
 * hashed. Made by the migration role, after the tables of quota and ledger.
 */
export const createLicenseQuotas = {
  name: '20261121112500-create-license-quotas',
  sql: `
create view public.license_quotas as
select l.token_hash,
       round(l.quota_bytes / 1048576.0, 2) as quota_mb,
       round(coalesce(u.used_after, 0) / 1048576.0, 2) as used_mb,
       round(greatest(l.quota_bytes - coalesce(u.used_after, 0), 0) / 1048576.0, 2) as remaining_mb,
       l.subscription_type,
       l.expires_at,
       l.valid,
       l.fetched_at as last_quota_check,
       s.recorded_at as last_used_at
  from quota.limits l
  left join ledger.accounts a on a.partition = l.partition and a.id = 'quota:' || left(l.token_hash, 32)
  left join lateral (
    select used_after from ledger.entries
     where partition = a.partition and account = a.account
     order by seq desc limit 1
  ) u on true
  left join lateral (
    select recorded_at from ledger.entries
     where partition = a.partition and account = a.account and kind = 4
     order by seq desc limit 1
  ) s on true;
grant select on public.license_quotas to finance;
comment on view public.license_quotas is
  'remote quotas by the hash of their token; a projection of limits and books, for reading only';
`,
} as const;
