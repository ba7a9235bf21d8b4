import type { EventLog, LogRecord } from '@tollgate/messaging';

import { recordDigest } from './commit-of.ts';
import type { OwnedPartition } from './owned-partition.ts';
import type { AccountCache, RecentAnswers } from './partition-state.ts';
import { PartitionState } from './partition-state.ts';
import type { BookStore } from './ports.ts';

export type ClaimsOptions = {
  readonly topic: string;
  readonly store: BookStore;
  readonly log: Pick<EventLog, 'describe'>;
  readonly caches: { readonly accounts: AccountCache; readonly recent: RecentAnswers };
  /** A partition was taken over: what its last owner committed and did not follow up must be looked for. */
  readonly claimed: (partition: number) => void;
  /** A partition halted: an alarm that stays until an operator realigns it. */
  readonly alarm: (partition: number, reason: string) => void;
  readonly warn: (message: string, details: object) => void;
};

/** What claims ask of the owner. */
export type Assignment = {
  /** Whether the log still assigns the partition to this instance, which is not stopping. */
  readonly isAssigned: (owned: OwnedPartition) => boolean;
  /** Reads the partition from this offset of the topic on. */
  readonly seek: (owned: OwnedPartition, offset: number) => void;
};

/** After losing a partition without being told by the log, membership is given this long to be confirmed (rule 5). */
const reclaimAfterMs = 3_000;
const realignCheckMs = 2_000;
/** Timers loaded with a claim; later ones when their time comes near. */
const timersAtClaim = 1_000;

/** Takes partitions over, halts them where log and books disagree, and claims them again (rules 2 and 5). */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #assignment: Assignment;

  constructor(options: ClaimsOptions, assignment: Assignment) {
    this.#options = options;
    this.#assignment = assignment;
  }

  /** Answers the offset of the topic to read from: the record before the position, which is compared first. */
  async claim(owned: OwnedPartition): Promise<number> {
    const { store, log, caches, topic } = this.#options;
    const claimed = await store.claim(owned.tp.partition);
    const { topicId } = await log.describe(topic);
    const { position } = claimed;
    if (position.topicId === null) await store.setTopicId(position.partition, position.epoch, topicId);
    const state = new PartitionState(
      { ...claimed, position: { ...position, topicId: position.topicId ?? topicId } },
      caches,
    );
    const timers = await store.timers(position.partition, position.timer, timersAtClaim);
    state.timers.load(timers, timers.length < timersAtClaim ? Infinity : (timers.at(-1)?.dueMs ?? Infinity));
    owned.own(state);
    this.#options.claimed(owned.tp.partition);
    if (position.topicId !== null && position.topicId !== topicId)
      this.halt(owned, `the log is another one: topic ${topicId}, booked from ${position.topicId}`);
    return Math.max(0, position.nextOffset - position.logBase - 1);
  }

  /** Whether the first record after a claim is the one before the position; otherwise the partition halts (rule 2). */
  continues(owned: OwnedPartition, { position }: PartitionState, first: LogRecord): boolean {
    const { nextOffset, lastRecord } = position;
    if (first.offset !== nextOffset - 1) {
      this.halt(owned, `the record at offset ${nextOffset - 1} was booked and is missing from the log`);
      return false;
    }
    if (lastRecord !== null && recordDigest(first.value) !== lastRecord) {
      this.halt(owned, `the record at offset ${nextOffset - 1} is not the one that was booked`);
      return false;
    }
    owned.compareFirst = false;
    return true;
  }

  /** The log does not hold the offset asked for. */
  outOfRange(
    owned: OwnedPartition,
    { position }: PartitionState,
    bounds: { readonly start: number; readonly end: number },
  ): void {
    const booked = owned.inLog(position.nextOffset);
    if (bounds.start !== booked) {
      this.halt(owned, `booked up to offset ${booked}, the log holds ${bounds.start} to ${bounds.end}`);
      return;
    }
    // Pruned exactly up to the position: there is no record before it to compare, and none is missing.
    owned.compareFirst = false;
    this.#assignment.seek(owned, booked);
  }

  halt(owned: OwnedPartition, reason: string): void {
    owned.leave('halted');
    owned.reason = reason;
    this.#options.alarm(owned.tp.partition, reason);
    this.#awaitRealignment(owned);
  }

  /**
   * `lost`: another instance owns the partition. The log's group tells whose it is, so only an instance that is still
   * a member after a while claims it again. `doubt`: the stored position moved without us; it is read again at once.
   */
  lose(owned: OwnedPartition, how: 'lost' | 'doubt'): void {
    if (owned.phase !== 'owned') return;
    owned.leave('lost');
    const again = (): void => {
      if (owned.phase !== 'lost' || !this.#assignment.isAssigned(owned)) return;
      this.claim(owned).then(
        (offset) => this.#assignment.seek(owned, offset),
        (error: unknown) => {
          this.#options.warn('partition cannot be claimed again', {
            partition: owned.tp.partition,
            error: String(error),
          });
          setTimeout(again, reclaimAfterMs).unref();
        },
      );
    };
    setTimeout(again, how === 'doubt' ? 0 : reclaimAfterMs).unref();
  }

  /** A halted partition is claimed again once an operator has realigned it: that gives it a new epoch. */
  #awaitRealignment(owned: OwnedPartition): void {
    setTimeout(
      () => void this.#claimRealigned(owned).catch(() => this.#awaitRealignment(owned)),
      realignCheckMs,
    ).unref();
  }

  async #claimRealigned(owned: OwnedPartition): Promise<void> {
    const { state } = owned;
    if (owned.phase !== 'halted' || !state || !this.#assignment.isAssigned(owned)) return;
    const { partition } = owned.tp;
    const stored = (await this.#options.store.positions([partition])).get(partition);
    if (!stored || stored.epoch === state.position.epoch) return this.#awaitRealignment(owned);
    const offset = await this.claim(owned);
    owned.release();
    this.#assignment.seek(owned, offset);
  }
}
