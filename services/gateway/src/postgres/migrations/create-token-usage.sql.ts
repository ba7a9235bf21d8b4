/**
 * `token_usage` of the licence-key document, as a view over the books: one row a use, with the owner at that time. Made
 * by the migration role, after the tables of gateway and ledger.
 */
export const createTokenUsage = {
  name: '20261121040000-create-token-usage',
  sql: `
create view public.token_usage as
select e.partition || '-' || e.partition_seq as id,
       k.id as license_key_id,
       t.owner as user_id,
       e.balance_after - e.amount as previous_balance,
       e.balance_after as new_balance,
       d.content ->> 'purpose' as purpose,
       d.content -> 'metadata' as metadata,
       e.recorded_at as created_at
  from gateway.license_keys k
  join ledger.accounts a on a.partition = k.partition and a.id = k.account
  join ledger.entries e on e.partition = a.partition and e.account = a.account and e.kind = 4
  left join ledger.details d on d.partition = e.partition and d.partition_seq = e.partition_seq
  left join lateral (
    select owner from ledger.account_terms
     where partition = e.partition and account = e.account and seq <= e.seq
     order by seq desc limit 1
  ) t on true;
comment on view public.token_usage is 'uses of licence keys; a projection of the books, for reading only';
`,
} as const;
