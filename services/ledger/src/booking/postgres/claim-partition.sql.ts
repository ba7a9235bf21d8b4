/** Claims a partition (rule 5): commits with the old epoch are fenced from here on. */
export const claimPartition = `
update ledger.positions set epoch = epoch + 1, halted = null where partition = $1
returning partition, epoch, topic_id, log_base, next_offset, last_time_ms, last_record, last_seq, last_account,
  last_name,
  timer_due_ms, timer_account, timer_kind, timer_object`;

/**
 * Terminates back ends of our own role that block the back end $1: a stopped process keeps its locks for ever (rule 6).
 */
export const endBlockers = `
select pg_terminate_backend(a.pid) from unnest(pg_blocking_pids($1)) b(pid)
join pg_stat_activity a on a.pid = b.pid where a.usename = current_user`;

export const readPositions = `
select partition, epoch, topic_id, log_base, next_offset, last_time_ms, last_record, last_seq, last_account, last_name,
  timer_due_ms, timer_account, timer_kind, timer_object from ledger.positions where partition = any($1::smallint[])`;

export const readNames = 'select name, text from ledger.names where partition = $1';
export const readItems =
  'select item, booked_at from ledger.catalog_versions where partition = $1 order by log_offset, version';

/** Timers after one in their order, the next $6. */
export const readTimers = `
select due_ms, account, kind, object from ledger.timers
where partition = $1 and (due_ms, account, kind, object) > ($2::bigint, $3::integer, $4::smallint, $5::bigint)
order by due_ms, account, kind, object limit $6`;

export const setTopicId =
  'update ledger.positions set topic_id = $3 where partition = $1 and epoch = $2 and topic_id is null';
