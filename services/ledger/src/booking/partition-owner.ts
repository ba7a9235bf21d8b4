import type { PartitionView } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { EventLog, LogRecord, PartitionHandler, Subscription, TopicPartition } from '@tollgate/messaging';

import type { Batch, BatchOutcome, BookingPorts } from './book-group.ts';
import type { ClaimsOptions } from './claims.ts';
import { Claims } from './claims.ts';
import { GroupScheduler, pendingMax } from './group-scheduler.ts';
import type { WaitingClock } from './owned-partition.ts';
import { OwnedPartition } from './owned-partition.ts';
import type { PartitionState } from './partition-state.ts';
import type { PartitionCommit } from './ports.ts';
import { Ticker } from './ticker.ts';

export type OwnerOptions = Omit<ClaimsOptions, 'log' | 'warn'> & {
  readonly log: Pick<EventLog, 'append' | 'describe'>;
  readonly clock: Clock;
  readonly booking: Omit<BookingPorts, 'store' | 'clockReached'>;
  readonly answerClock: (clock: WaitingClock) => void;
  readonly committed: (commits: readonly PartitionCommit[]) => void;
};

/** How long a revocation waits for a group under way. */
const revokeWaitMs = 2_000;

/**
 * Owns the partitions that the log assigns to this instance. Each is in one of five phases:
 *
 *     assigned ──▶ claiming ──(1)──▶ owned ──(2)──▶ lost   ──(3)──▶ owned
 *                                    owned ──(4)──▶ halted ──(5)──▶ owned
 *     any phase ──(6)──▶ revoked
 *
 *     1  claimed: the epoch is raised and the position is read; records are taken from here on
 *     2  a commit was fenced by another instance, or the stored position moved without this one
 *     3  claimed again, if the log's group still assigns the partition to this instance
 *     4  log and books disagree: the record before the position is missing or differs, the log lost its end or is
 *        another one; or deciding has a defect. The alarm stays until an operator realigns the partition
 *     5  an operator realigned it, which raises the epoch: claimed again
 *     6  the log takes the partition away; a commit under way is fenced by its epoch
 *
 * `Claims` moves partitions between phases, `GroupScheduler` books their records, `Ticker` appends ticks for what
 * becomes due.
 */
export class PartitionOwner implements PartitionHandler {
  readonly #options: OwnerOptions;
  readonly #partitions = new Map<number, OwnedPartition>();
  readonly #claims: Claims;
  readonly #groups: GroupScheduler;
  readonly #ticker: Ticker;
  #subscription: Subscription | null = null;
  #stopping = false;

  constructor(options: OwnerOptions) {
    this.#options = options;
    const partitions = (): Iterable<OwnedPartition> => this.#partitions.values();
    const { warn } = options.booking;
    this.#claims = new Claims(
      { ...options, warn },
      {
        isAssigned: (owned) => this.#partitions.get(owned.tp.partition) === owned && !this.#stopping,
        seek: (owned, offset) => this.#subscription?.seek(owned.tp, offset),
      },
    );
    this.#groups = new GroupScheduler({
      partitions,
      booking: {
        ...options.booking,
        store: options.store,
        clockReached: (state, clocks) => this.#partitions.get(state.partition)?.clocks.push(...clocks),
      },
      booked: (outcomes) => this.#booked(outcomes),
      failed: (owned, batch, error) => this.#failed(owned, batch, error),
    });
    this.#ticker = new Ticker({ partitions, log: options.log, clock: options.clock, warn });
  }

  attach(subscription: Subscription): void {
    this.#subscription = subscription;
  }

  async assigned(tp: TopicPartition): Promise<number> {
    const owned = new OwnedPartition(tp);
    this.#partitions.set(tp.partition, owned);
    return this.#claims.claim(owned);
  }

  async revoked(tp: TopicPartition): Promise<void> {
    const owned = this.#partitions.get(tp.partition);
    if (!owned) return;
    this.#partitions.delete(tp.partition);
    owned.leave('revoked');
    owned.release();
    // A commit under way is fenced by its epoch; waiting for it only lets its answers go out, so the wait is bounded.
    await this.#groups.settled(owned, revokeWaitMs);
  }

  /** The log wants the partition back: calls of `records` that wait for room or for a halted partition return. */
  leaving(tp: TopicPartition): void {
    const owned = this.#partitions.get(tp.partition);
    if (!owned) return;
    owned.leaving = true;
    owned.release();
  }

  async records(tp: TopicPartition, records: readonly LogRecord[]): Promise<void> {
    const owned = this.#partitions.get(tp.partition);
    if (!owned || (owned.phase !== 'owned' && owned.phase !== 'lost')) {
      if (owned?.phase === 'halted' && !owned.leaving) await owned.released();
      return;
    }
    const fresh = this.#inSequence(owned, owned.inBooks(records));
    if (fresh.length === 0) return;
    for (const record of fresh) owned.pending.push(record);
    this.#groups.kick();
    if (owned.pending.length > pendingMax && !owned.leaving) await owned.released();
  }

  async outOfRange(tp: TopicPartition, bounds: { readonly start: number; readonly end: number }): Promise<void> {
    const owned = this.#partitions.get(tp.partition);
    if (owned?.state) this.#claims.outOfRange(owned, owned.state, bounds);
  }

  /** `owned` only while the log is followed: otherwise nothing would be booked now. */
  views(): readonly PartitionView[] {
    const shown = ({ phase, tp }: OwnedPartition): PartitionView['state'] => {
      if (phase === 'halted' || phase === 'claiming') return phase;
      if (phase !== 'owned') return 'elsewhere';
      return (this.#subscription?.following(tp) ?? false) ? 'owned' : 'claiming';
    };
    return [...this.#partitions.values()].map((owned) => ({
      partition: owned.tp.partition,
      state: shown(owned),
      epoch: String(owned.state?.position.epoch ?? 0),
      next_offset: String(owned.state?.decidedOffset ?? 0),
      last_seq: String(owned.state?.position.lastSeq ?? 0),
      ...(owned.reason === null ? {} : { reason: owned.reason }),
    }));
  }

  /** The committed state of a partition, when it is this instance's. */
  stateOf(partition: number): PartitionState | null {
    const owned = this.#partitions.get(partition);
    return owned?.phase === 'owned' ? owned.state : null;
  }

  /** Waits for groups under way; the subscription is to be stopped first. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const owned of this.#partitions.values()) owned.release();
    await this.#ticker.stop();
    await this.#groups.stop();
  }

  /** Records that follow the last ones; lower offsets are dropped, a gap is read again from its start (rule 2). */
  #inSequence(owned: OwnedPartition, records: readonly LogRecord[]): readonly LogRecord[] {
    const { state } = owned;
    if (!state || owned.phase !== 'owned') return [];
    let rest = records;
    if (owned.compareFirst && rest[0]) {
      if (!this.#claims.continues(owned, state, rest[0])) return [];
      rest = rest.slice(1);
    }
    const next = Math.max(owned.takenOffset, state.decidedOffset, (owned.pending.at(-1)?.offset ?? -1) + 1);
    const fresh = rest.filter(({ offset }) => offset >= next);
    if (fresh[0] && fresh[0].offset > next) {
      this.#subscription?.seek(owned.tp, owned.inLog(next));
      return [];
    }
    return fresh;
  }

  #booked(outcomes: readonly BatchOutcome[]): void {
    const commits: PartitionCommit[] = [];
    for (const { committed, batch, result } of outcomes) {
      if (committed) commits.push(committed);
      const owned = this.#partitions.get(batch.state.partition);
      if (!owned || owned.state !== batch.state) continue;
      if (result === 'booked') this.#answerClocks(owned, batch.state);
      else this.#claims.lose(owned, result);
      if (batch.records.some(({ request }) => request?.command.type === 'tick')) owned.tickSentMs = 0;
    }
    if (commits.length > 0) this.#options.committed(commits);
  }

  /** A defect in deciding: the partition halts with an alarm rather than skip or double anything. */
  #failed(owned: OwnedPartition, batch: Batch, error: unknown): void {
    const from = batch.records[0]?.record.offset;
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (owned.phase === 'owned') this.#claims.halt(owned, `records from offset ${from} cannot be decided: ${reason}`);
  }

  #answerClocks(owned: OwnedPartition, state: PartitionState): void {
    if (owned.clocks.length === 0) return;
    const next = state.timers.nextDueMs();
    owned.clocks = owned.clocks.filter((clock) => {
      if (next <= clock.timeMs) return true;
      this.#options.answerClock(clock);
      return false;
    });
  }
}
