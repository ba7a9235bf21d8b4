import { entryColumns, entryJoins } from '../../postgres/entries.sql.ts';

/**
 * $1 partition, $2 account id, $3 before seq, $4 limit, $5 from, $6 to, $7 kinds (null: all), $8 whether from and to
 * bound the time of use. Newest first.
 */
export const entriesPage = `select ${entryColumns} from ledger.entries e ${entryJoins}
where e.partition = $1 and e.account = (select account from ledger.accounts where partition = $1 and id = $2)
  and e.seq < $3
  and ($5::timestamptz is null or case when $8::boolean then e.occurred_at else e.recorded_at end >= $5)
  and ($6::timestamptz is null or case when $8::boolean then e.occurred_at else e.recorded_at end < $6)
  and ($7::smallint[] is null or e.kind = any($7)) and e.seq >= $9
order by e.seq desc limit $4`;

export const entriesCount = `select count(*) as total from ledger.entries e
where e.partition = $1 and e.account = (select account from ledger.accounts where partition = $1 and id = $2)
  and ($3::timestamptz is null or case when $6::boolean then e.occurred_at else e.recorded_at end >= $3)
  and ($4::timestamptz is null or case when $6::boolean then e.occurred_at else e.recorded_at end < $4)
  and ($5::smallint[] is null or e.kind = any($5)) and e.seq >= $7`;

export const accountExists = 'select 1 from ledger.accounts where partition = $1 and id = $2';

/** $1 partition, $2 partition_seq. */
export const entryById = `select ${entryColumns} from ledger.entries e ${entryJoins}
  where e.partition = $1 and e.partition_seq = $2`;

/**
 * Which requests are booked: $1 partition, then arrays of account ids, sources and request ids; answers places from 1.
 * Rides on the once-only index.
 */
export const requestsBooked = `
select w.asked, encode(e.content_hash, 'hex') as hash from unnest($2::text[], $3::text[],
  $4::text[]) with ordinality w(account, source, request_id, asked)
join ledger.accounts a on a.partition = $1 and a.id = w.account
join ledger.names s on s.partition = $1 and s.text = w.source
join ledger.entries e on e.partition = $1 and e.account = a.account and e.source = s.name
  and e.request_id = w.request_id and e.ordinal = 0`;
