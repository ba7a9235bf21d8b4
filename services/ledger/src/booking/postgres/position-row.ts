import type { TimerKind } from '../../domain/entry.ts';
import { timerKinds } from '../../domain/entry.ts';
import type { StoredPosition } from '../ports.ts';

export type PositionRow = {
  readonly partition: number;
  readonly epoch: bigint;
  readonly topic_id: string | null;
  readonly log_base: bigint;
  readonly next_offset: bigint;
  readonly last_time_ms: bigint;
  readonly last_record: string | null;
  readonly last_seq: bigint;
  readonly last_account: number;
  readonly last_name: number;
  readonly timer_due_ms: bigint;
  readonly timer_account: number;
  readonly timer_kind: number;
  readonly timer_object: bigint;
};

export function fromRowPosition(row: PositionRow): StoredPosition {
  return {
    partition: row.partition,
    epoch: Number(row.epoch),
    topicId: row.topic_id,
    logBase: Number(row.log_base),
    nextOffset: Number(row.next_offset),
    lastTimeMs: Number(row.last_time_ms),
    lastRecord: row.last_record,
    lastSeq: Number(row.last_seq),
    lastAccount: row.last_account,
    lastName: row.last_name,
    timer: {
      dueMs: Number(row.timer_due_ms),
      ref: row.timer_account,
      kind: timerKind(row.timer_kind),
      object: Number(row.timer_object),
    },
  };
}

const timerNames = new Map(Object.entries(timerKinds).map(([name, number]) => [number as number, name as TimerKind]));
export const timerKind = (number: number): TimerKind => timerNames.get(number) ?? 'hold';
