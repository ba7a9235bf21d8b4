/**
 * Accounts after ($1 partition, $2 number), at most $3, each with whether it fits: $4 unit, $5 an account above (both
 * null: any), $6 the balance it must be below when what is held is taken off, $7 the kinds that keep one. The cost is
 * bounded: the balance is that of the last entry, found by its index.
 */
const candidates = (from: string): string => `
select a.partition, a.account, a.id,
  ($4::text is null or n.text = $4) and ($5::text is null or a.id = $5 or starts_with(a.id, $5 || '/'))
    and ($6::bigint is null or a.kind = any($7::smallint[]) and $6 > (
      select e.balance_after - e.held_after from ledger.entries e where e.partition = a.partition
        and e.account = a.account order by e.seq desc limit 1)) as fits
from (${from}) c
join ledger.accounts a using (partition, account)
join ledger.names n on n.partition = a.partition and n.name = a.unit
order by a.partition, a.account`;

const page = 'and (partition, account) > ($1::smallint, $2::integer) order by partition, account limit $3';
export const candidatesAll = candidates(`select partition, account from ledger.accounts where true ${page}`);
export const candidatesLimited = candidates(
  `select distinct partition, account from ledger.account_terms where settings ?| array['limit', 'limits'] ${page}`,
);
/** $8 owner, present or former. */
export const candidatesOwned = candidates(
  `select distinct partition, account from ledger.account_terms where owner = $8 ${page}`,
);
