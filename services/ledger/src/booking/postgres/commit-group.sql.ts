import { timerKinds } from '../../domain/entry.ts';
import type { PartitionCommit } from '../ports.ts';

const text = (value: string | null): string => (value === null ? 'null' : `'${value.replaceAll("'", "''")}'`);

/**
 * Advances the positions of a group, all or none (rules 5 to 8): rows are locked in ascending order, each only where
 * epoch and position are the expected ones. If one is missing, a division by zero aborts the transaction.
 */
export function advancePositions(group: readonly PartitionCommit[]): string {
  const rows = group.map(
    ({ from, to }) =>
      `(${to.partition}::smallint,${to.epoch}::bigint,${from.nextOffset}::bigint,${to.nextOffset}::bigint,` +
      `${to.lastTimeMs}::bigint,${text(to.lastRecord)},${to.lastSeq}::bigint,` +
      `${to.lastAccount}::int,${to.lastName}::int,` +
      `${to.timer.dueMs}::bigint,${to.timer.ref}::int,${timerKindNumber(to)}::smallint,${to.timer.object}::bigint)`,
  );
  return `with v (partition, epoch, from_offset, next_offset, time_ms, record, seq, account, name, due, due_account,
    due_kind, due_object)
as (values ${rows.join(',')}),
locked as materialized (select p.partition from ledger.positions p join v using (partition)
  where p.epoch = v.epoch and p.next_offset = v.from_offset order by p.partition for update of p),
moved as (update ledger.positions p set next_offset = v.next_offset, last_time_ms = v.time_ms, last_record = v.record,
  last_seq = v.seq,
  last_account = v.account, last_name = v.name, timer_due_ms = v.due, timer_account = v.due_account,
    timer_kind = v.due_kind,
  timer_object = v.due_object
  from v join locked using (partition) where p.partition = v.partition returning 1)
select 1 / (case when count(*) = ${group.length} then 1 else 0 end) from moved;`;
}

const timerKindNumber = ({ timer }: PartitionCommit['to']): number => timerKinds[timer.kind];
