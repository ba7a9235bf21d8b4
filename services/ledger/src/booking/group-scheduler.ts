import type { Batch, BatchOutcome, BookingPorts } from './book-group.ts';
import { bookGroup } from './book-group.ts';
import type { OwnedPartition } from './owned-partition.ts';
import { readRecords } from './read-records.ts';

/** Records decided in one group at most: one transaction of 2,000–3,000 rows is where COPY is fastest (measured.md). */
const groupRecordsMax = 3_000;
/** Records waiting before a second group is committed beside the first; below it one larger group is better. */
const secondGroupMin = 500;
const groupsInFlightMax = 2;
/** Records waiting a partition before the log is told to wait. */
export const pendingMax = 6_000;

/** One partition's part of a group. */
type Taken = { readonly owned: OwnedPartition; readonly batch: Batch };

export type SchedulerOptions = {
  readonly partitions: () => Iterable<OwnedPartition>;
  readonly booking: BookingPorts;
  /** How the batches of a group ended. */
  readonly booked: (outcomes: readonly BatchOutcome[]) => void;
  /** A defect in deciding: nothing of these partitions was booked. */
  readonly failed: (owned: OwnedPartition, batch: Batch, error: unknown) => void;
};

/** Collects waiting records of idle partitions into groups and books them, at most two groups at a time. */
export class GroupScheduler {
  readonly #options: SchedulerOptions;
  #inFlight = 0;
  #turn = 0;
  #stopping = false;
  #idle: (() => void)[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Starts groups as long as enough records wait. */
  kick(): void {
    while (this.#inFlight < groupsInFlightMax && !this.#stopping) {
      const group = this.#collect(this.#inFlight === 0 ? 1 : secondGroupMin);
      if (group.length === 0) return;
      this.#inFlight++;
      void this.#run(group);
    }
  }

  /** Waits until no group holds records of the partition, at most `timeoutMs`. */
  async settled(owned: OwnedPartition, timeoutMs: number): Promise<void> {
    const timeout = setTimeout(() => this.#wake(), timeoutMs);
    const until = performance.now() + timeoutMs;
    while (owned.busy && performance.now() < until) await this.#nextIdle();
    clearTimeout(timeout);
  }

  /** Starts no further group and waits for those under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    while (this.#inFlight > 0) await this.#nextIdle();
  }

  /** Takes what waits in idle partitions, in turn, when together it is at least `min` records. */
  #collect(min: number): readonly Taken[] {
    const waiting = [...this.#options.partitions()].filter(
      (owned) => owned.phase === 'owned' && !owned.busy && owned.pending.length > 0,
    );
    let available = 0;
    for (const owned of waiting) available += owned.pending.length;
    if (available < min) return [];
    const group: Taken[] = [];
    let room = groupRecordsMax;
    this.#turn++;
    for (let index = 0; index < waiting.length && room > 0; index++) {
      const owned = waiting[(index + this.#turn) % waiting.length];
      if (!owned?.state) continue;
      const records = owned.pending.splice(0, room);
      room -= records.length;
      owned.busy = true;
      owned.takenOffset = (records.at(-1)?.offset ?? 0) + 1;
      const { state } = owned;
      group.push({ owned, batch: { state, records: readRecords(records, state.decidedTimeMs) } });
    }
    return group;
  }

  async #run(group: readonly Taken[]): Promise<void> {
    const { booking, booked, failed } = this.#options;
    let outcomes: readonly BatchOutcome[] = [];
    try {
      outcomes = await bookGroup(
        booking,
        group.map(({ batch }) => batch),
      );
    } catch (error) {
      if (!this.#stopping) for (const { owned, batch } of group) failed(owned, batch, error);
    }
    for (const { owned } of group) {
      owned.busy = false;
      if (owned.pending.length <= pendingMax / 2) owned.release();
    }
    this.#inFlight--;
    booked(outcomes);
    this.#wake();
    this.kick();
  }

  #wake(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #nextIdle(): Promise<void> {
    return new Promise((resolve) => this.#idle.push(resolve));
  }
}
