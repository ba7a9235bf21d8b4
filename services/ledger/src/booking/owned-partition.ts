import type { LogRecord, TopicPartition } from '@tollgate/messaging';

import type { PartitionState } from './partition-state.ts';

/** Where a partition stands with this instance; the transitions are drawn in `partition-owner.ts`. */
export type Phase = 'claiming' | 'owned' | 'halted' | 'lost' | 'revoked';

/** A caller that waits for a `clock` record's answer: it is sent when every timer due by then is booked. */
export type WaitingClock = { readonly replyTo: string; readonly waiter: number; readonly timeMs: number };

/** A partition that the log has assigned to this instance, from its assignment to its revocation. */
export class OwnedPartition {
  readonly tp: TopicPartition;
  phase: Phase = 'claiming';
  /** Why it halted. */
  reason: string | null = null;
  /** The committed state since the last claim. */
  state: PartitionState | null = null;
  /** Records that wait for a group, in order. */
  pending: LogRecord[] = [];
  /** A group with records of this partition is being booked. */
  busy = false;
  /** The log wants the partition back. */
  leaving = false;
  /** Next offset after the records taken into a group. */
  takenOffset = 0;
  /** Whether the first record delivered is the one before the position, to be compared with it (rule 2). */
  compareFirst = false;
  /** When the outstanding tick was appended, by the process's own clock; 0: there is none. */
  tickSentMs = 0;
  clocks: WaitingClock[] = [];
  #waiting: (() => void)[] = [];

  constructor(tp: TopicPartition) {
    this.tp = tp;
  }

  /** Starts over from a claim. */
  own(state: PartitionState): void {
    const { nextOffset, logBase } = state.position;
    this.state = state;
    this.pending = [];
    this.takenOffset = 0;
    this.tickSentMs = 0;
    this.compareFirst = nextOffset > logBase;
    this.phase = 'owned';
    this.reason = null;
  }

  /** Stops booking; what was delivered and not taken into a group is read again after the next claim. */
  leave(phase: 'halted' | 'lost' | 'revoked'): void {
    this.phase = phase;
    this.pending = [];
  }

  /** Resolves at the next `release`: when there is room for records again, or the partition is given back. */
  released(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Records with their offsets as in the books. */
  inBooks(records: readonly LogRecord[]): readonly LogRecord[] {
    const base = this.state?.position.logBase ?? 0;
    return base === 0 ? records : records.map((record) => ({ ...record, offset: record.offset + base }));
  }

  /** The offset in the topic of an offset in the books. */
  inLog(offset: number): number {
    return offset - (this.state?.position.logBase ?? 0);
  }
}
