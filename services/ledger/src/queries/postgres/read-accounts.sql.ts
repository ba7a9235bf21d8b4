/** Any account below $2. */
export const accountBelow = `select 1 from ledger.accounts where partition = $1 and starts_with(id, $2 || '/') limit 1`;

/** $1 partition, $2 number of the account. */
export const accountNumbered = 'select id from ledger.accounts where partition = $1 and account = $2';

/**
 * $1 partition, $2 account id, $3 owner: the entry of the latest unbroken terms with that owner, or the first of all
 * where nobody else has ever owned the account. No row where the present owner is another.
 */
export const ownedSince = `
with a as (select account from ledger.accounts where partition = $1 and id = $2),
t as (select t.seq, t.owner from ledger.account_terms t join a using (account) where t.partition = $1),
own as (select min(seq) as seq from t where seq > (select coalesce(max(seq), 0) from t where owner is distinct from $3))
select e.seq, e.recorded_at from own join a on true
join ledger.entries e on e.partition = $1 and e.account = a.account
 and e.seq = case when exists (select from t where owner <> $3) then own.seq else 1 end
where own.seq is not null`;
