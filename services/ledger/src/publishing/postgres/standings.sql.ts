import { entryKinds } from '../../domain/entry.ts';

const terms =
  'select t.settings from ledger.account_terms t where t.partition = $1 and t.account = w.account and t.seq <=';
const counts =
  'select m.counts from ledger.limit_counts m where m.partition = $1 and m.account = w.account and m.seq <=';
const topUp = `select e.balance_after from ledger.entries e where e.partition = $1 and e.account = w.account
  and e.kind in (${entryKinds.granted}, ${entryKinds.adjusted}) and e.seq <=`;
const newest = 'order by seq desc limit 1';

/**
 * What beside them tells how accounts stood after entries and before them: $1 partition, $2 numbers of accounts, $3
 * entries' numbers in these. By indexes alone.
 */
export const standings = `select w.account, w.seq,
  (${terms} w.seq ${newest}) as settings, (${terms} w.seq - 1 ${newest}) as settings_before,
  (${counts} w.seq ${newest}) as counts, (${counts} w.seq - 1 ${newest}) as counts_before,
  (${topUp} w.seq ${newest}) as topped_up, (${topUp} w.seq - 1 ${newest}) as topped_up_before,
  p.balance_after, p.held_after, p.used_after, p.period_start
from unnest($2::integer[], $3::bigint[]) w(account, seq)
left join ledger.entries p on p.partition = $1 and p.account = w.account and p.seq = w.seq - 1`;
