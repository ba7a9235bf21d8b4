import { entryColumns, entryJoins } from '../../postgres/entries.sql.ts';

const page = (which: string): string => `select ${entryColumns}, d.salt from ledger.entries e ${entryJoins}
where e.partition = $1 and e.account = (select account from ledger.accounts where partition = $1 and id = $2)
  and e.seq > $3 and ${which}
order by e.seq limit $6`;

/**
 * Entries of an account in order: $1 partition, $2 account id, $3 after seq, booked from $4 to $5 exclusive, $6 at
 * most.
 */
export const auditEntries = page('e.recorded_at >= $4 and e.recorded_at < $5');

/**
 * The same parameters: booked from $5 on, and counted in the period that starts at $4, or correcting what was booked
 * between.
 */
export const auditLater = page(`e.recorded_at >= $5 and (e.period_start = $4 or exists (
  select from ledger.entries o where o.partition = e.partition and o.partition_seq = e.corrects and o.recorded_at >= $4
    and o.recorded_at < $5))`);

export const partitionsOfBooks = 'select partitions from ledger.placement';
