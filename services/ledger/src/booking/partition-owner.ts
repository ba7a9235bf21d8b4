import type { PartitionView } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { EventLog, LogRecord, PartitionHandler, Subscription, TopicPartition } from '@tollgate/messaging';

import type { Batch, BatchOutcome, BookingPorts } from './booking.ts';
import { bookGroup } from './booking.ts';
import { recordDigest } from './commit-of.ts';
import { readRecords } from './decide-batch.ts';
import type { AccountCache, RecentAnswers } from './partition-books.ts';
import { PartitionBooks } from './partition-books.ts';
import type { BookStore, PartitionCommit } from './ports.ts';

export type OwnerOptions = {
  readonly topic: string;
  readonly store: BookStore;
  readonly log: Pick<EventLog, 'append' | 'describe'>;
  readonly clock: Clock;
  readonly caches: { readonly accounts: AccountCache; readonly recent: RecentAnswers };
  readonly booking: Omit<BookingPorts, 'store' | 'clockReached'>;
  readonly answerClock: (clock: { readonly replyTo: string; readonly waiter: number; readonly timeMs: number }) => void;
  readonly committed: (commits: readonly PartitionCommit[]) => void;
  /** A partition was taken over: what its last owner did not follow up is to be looked for. */
  readonly claimed: (partition: number) => void;
  /** A partition halted: an alarm that stays until somebody realigns it. */
  readonly alarm: (partition: number, reason: string) => void;
};

/** Records decided in one group at most: one transaction of 2,000–3,000 rows is where COPY is fastest (measured.md). */
const groupRecordsMax = 3_000;
/** Records waiting before a second group is committed beside the first; below it one larger group is better. */
const secondGroupMin = 500;
const groupsInFlightMax = 2;
/** Records waiting a partition before the log is told to wait. */
const pendingMax = 6_000;
/** After losing a partition without being told by the log, membership is given this long to be confirmed (rule 5). */
const reclaimAfterMs = 3_000;
const realignCheckMs = 2_000;
const revokeWaitMs = 2_000;
const tickEveryMs = 50;
const tickLostAfterMs = 10_000;

type Owned = {
  readonly tp: TopicPartition;
  books: PartitionBooks | null;
  state: 'claiming' | 'owned' | 'halted' | 'lost' | 'revoked';
  reason: string | null;
  pending: LogRecord[];
  space: (() => void)[];
  busy: boolean;
  leaving: boolean;
  /** Next offset after the records taken into a group. */
  takenOffset: number;
  /** Whether the first record delivered is the one before the position, to be compared with it (rule 2). */
  compareFirst: boolean;
  tickSentMs: number;
  clocks: { replyTo: string; waiter: number; timeMs: number }[];
};

/** Owns partitions: claims them, collects their records into groups, and keeps at most two commits in flight. */
export class PartitionOwner implements PartitionHandler {
  readonly #options: OwnerOptions;
  readonly #partitions = new Map<number, Owned>();
  readonly #booking: BookingPorts;
  readonly #ticker: NodeJS.Timeout;
  #subscription: Subscription | null = null;
  #inFlight = 0;
  #next = 0;
  #stopping = false;
  #idle: (() => void)[] = [];

  constructor(options: OwnerOptions) {
    this.#options = options;
    this.#booking = {
      ...options.booking,
      store: options.store,
      clockReached: (books, clocks) => this.#partitions.get(books.partition)?.clocks.push(...clocks),
    };
    this.#ticker = setInterval(() => this.#tick(), tickEveryMs);
  }

  attach(subscription: Subscription): void {
    this.#subscription = subscription;
  }

  async assigned(tp: TopicPartition): Promise<number> {
    const owned: Owned = {
      tp,
      books: null,
      state: 'claiming',
      reason: null,
      pending: [],
      space: [],
      busy: false,
      leaving: false,
      takenOffset: 0,
      compareFirst: false,
      tickSentMs: 0,
      clocks: [],
    };
    this.#partitions.set(tp.partition, owned);
    return this.#claim(owned);
  }

  async revoked(tp: TopicPartition): Promise<void> {
    const owned = this.#partitions.get(tp.partition);
    if (!owned) return;
    this.#partitions.delete(tp.partition);
    owned.state = 'revoked';
    owned.pending = [];
    release(owned);
    // A commit under way is fenced by its epoch; waiting for it only lets its answers go out, so the wait is bounded.
    const patience = setTimeout(() => this.#wake(), revokeWaitMs);
    const until = performance.now() + revokeWaitMs;
    while (owned.busy && performance.now() < until) await this.#nextIdle();
    clearTimeout(patience);
  }

  /** Whoever waits in `records` for room, or for a halted partition, is to return: the partition is wanted back. */
  leaving(tp: TopicPartition): void {
    const owned = this.#partitions.get(tp.partition);
    if (!owned) return;
    owned.leaving = true;
    release(owned);
  }

  async records(tp: TopicPartition, records: readonly LogRecord[]): Promise<void> {
    const owned = this.#partitions.get(tp.partition);
    if (!owned || (owned.state !== 'owned' && owned.state !== 'lost')) {
      if (owned?.state === 'halted' && !owned.leaving) await new Promise<void>((resolve) => owned.space.push(resolve));
      return;
    }
    const fresh = this.#inSequence(owned, inBooks(owned, records));
    if (fresh.length === 0) return;
    for (const record of fresh) owned.pending.push(record);
    this.#kick();
    if (owned.pending.length > pendingMax && !owned.leaving)
      await new Promise<void>((resolve) => owned.space.push(resolve));
  }

  async outOfRange(tp: TopicPartition, bounds: { readonly start: number; readonly end: number }): Promise<void> {
    const owned = this.#partitions.get(tp.partition);
    if (!owned?.books) return;
    const { nextOffset, logBase } = owned.books.position;
    if (bounds.start + logBase === nextOffset) {
      // Pruned exactly up to the position: there is no record before it to compare, and none is missing.
      owned.compareFirst = false;
      this.#seek(owned, nextOffset);
      return;
    }
    this.#halt(owned, `booked up to offset ${nextOffset - logBase}, the log holds ${bounds.start} to ${bounds.end}`);
  }

  /** `owned` only while the log is followed: otherwise nothing would be booked now. */
  views(): readonly PartitionView[] {
    const shown = ({ state, tp }: Owned): PartitionView['state'] => {
      if (state === 'halted' || state === 'claiming') return state;
      if (state !== 'owned') return 'elsewhere';
      return (this.#subscription?.following(tp) ?? false) ? 'owned' : 'claiming';
    };
    return [...this.#partitions.values()].map((owned) => ({
      partition: owned.tp.partition,
      state: shown(owned),
      epoch: String(owned.books?.position.epoch ?? 0),
      next_offset: String(owned.books?.decidedOffset ?? 0),
      last_seq: String(owned.books?.position.lastSeq ?? 0),
      ...(owned.reason === null ? {} : { reason: owned.reason }),
    }));
  }

  /** The committed state of a partition, when it is this instance's. */
  books(partition: number): PartitionBooks | null {
    const owned = this.#partitions.get(partition);
    return owned?.state === 'owned' ? owned.books : null;
  }

  /** Waits for groups under way; the subscription is to be stopped first. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#ticker);
    for (const owned of this.#partitions.values()) release(owned);
    while (this.#inFlight > 0) await this.#nextIdle();
  }

  async #claim(owned: Owned): Promise<number> {
    const { store, log, caches, topic } = this.#options;
    const claimed = await store.claim(owned.tp.partition);
    const { topicId } = await log.describe(topic);
    const { position } = claimed;
    if (position.topicId === null) await store.setTopicId(position.partition, position.epoch, topicId);
    owned.books = new PartitionBooks(
      { ...claimed, position: { ...position, topicId: position.topicId ?? topicId } },
      caches,
    );
    const timers = await store.timers(position.partition, position.timer, 1_000);
    owned.books.timers.load(timers, timers.length < 1_000 ? Infinity : (timers.at(-1)?.dueMs ?? Infinity));
    owned.pending = [];
    owned.takenOffset = 0;
    owned.tickSentMs = 0;
    owned.compareFirst = position.nextOffset > position.logBase;
    owned.state = 'owned';
    owned.reason = null;
    this.#options.claimed(owned.tp.partition);
    if (position.topicId !== null && position.topicId !== topicId)
      this.#halt(owned, `the log is another one: topic ${topicId}, booked from ${position.topicId}`);
    return Math.max(0, position.nextOffset - position.logBase - 1);
  }

  /** `offset` as in the books. */
  #seek({ tp, books }: Owned, offset: number): void {
    this.#subscription?.seek(tp, offset - (books?.position.logBase ?? 0));
  }

  /**
   * Records that follow the last ones; lower offsets are dropped, higher ones are asked for again from the gap (rule
   * 2).
   */
  #inSequence(owned: Owned, records: readonly LogRecord[]): readonly LogRecord[] {
    const { books } = owned;
    if (!books || owned.state !== 'owned') return [];
    let rest = records;
    if (owned.compareFirst && rest[0]) {
      if (!this.#compare(owned, books, rest[0])) return [];
      rest = rest.slice(1);
    }
    const next = Math.max(owned.takenOffset, books.decidedOffset, (owned.pending.at(-1)?.offset ?? -1) + 1);
    const fresh = rest.filter(({ offset }) => offset >= next);
    if (fresh[0] && fresh[0].offset > next) {
      this.#seek(owned, next);
      return [];
    }
    return fresh;
  }

  #compare(owned: Owned, books: PartitionBooks, first: LogRecord): boolean {
    const { nextOffset, lastRecord } = books.position;
    if (first.offset !== nextOffset - 1) {
      this.#halt(owned, `the record at offset ${nextOffset - 1} was booked and is missing from the log`);
      return false;
    }
    if (lastRecord !== null && recordDigest(first.value) !== lastRecord) {
      this.#halt(owned, `the record at offset ${nextOffset - 1} is not the one that was booked`);
      return false;
    }
    owned.compareFirst = false;
    return true;
  }

  #halt(owned: Owned, reason: string): void {
    owned.state = 'halted';
    owned.reason = reason;
    owned.pending = [];
    this.#options.alarm(owned.tp.partition, reason);
    this.#awaitRealignment(owned);
  }

  /** A halted partition is claimed again once an operator has realigned it: that gives it a new epoch. */
  #awaitRealignment(owned: Owned): void {
    setTimeout(() => {
      const { books } = owned;
      if (owned.state !== 'halted' || !books || this.#partitions.get(owned.tp.partition) !== owned || this.#stopping)
        return;
      this.#options.store
        .positions([owned.tp.partition])
        .then(async (stored) => {
          const position = stored.get(owned.tp.partition);
          if (!position || position.epoch === books.position.epoch) return this.#awaitRealignment(owned);
          const offset = await this.#claim(owned);
          release(owned);
          this.#subscription?.seek(owned.tp, offset);
        })
        .catch(() => this.#awaitRealignment(owned));
    }, realignCheckMs).unref();
  }

  #kick(): void {
    while (this.#inFlight < groupsInFlightMax && !this.#stopping) {
      const group = this.#collect(this.#inFlight === 0 ? 1 : secondGroupMin);
      if (group.length === 0) return;
      this.#inFlight++;
      void this.#run(group);
    }
  }

  /** Takes what waits in idle partitions, in turn, when together it is at least `min` records. */
  #collect(min: number): readonly { owned: Owned; batch: Batch }[] {
    const waiting = [...this.#partitions.values()].filter(
      (owned) => owned.state === 'owned' && !owned.busy && owned.pending.length > 0,
    );
    let available = 0;
    for (const owned of waiting) available += owned.pending.length;
    if (available < min) return [];
    const group: { owned: Owned; batch: Batch }[] = [];
    let room = groupRecordsMax;
    this.#next++;
    for (let index = 0; index < waiting.length && room > 0; index++) {
      const owned = waiting[(index + this.#next) % waiting.length];
      if (!owned?.books) continue;
      const taken = owned.pending.splice(0, room);
      room -= taken.length;
      owned.busy = true;
      owned.takenOffset = (taken.at(-1)?.offset ?? 0) + 1;
      group.push({ owned, batch: { books: owned.books, records: readRecords(taken, owned.books.decidedTimeMs) } });
    }
    return group;
  }

  async #run(group: readonly { owned: Owned; batch: Batch }[]): Promise<void> {
    let outcomes: readonly BatchOutcome[] = [];
    try {
      outcomes = await bookGroup(
        this.#booking,
        group.map(({ batch }) => batch),
      );
    } catch (error) {
      if (!this.#stopping) this.#failed(group, error);
    }
    for (const { owned } of group) {
      owned.busy = false;
      if (owned.pending.length <= pendingMax / 2) release(owned);
    }
    this.#inFlight--;
    this.#settle(outcomes);
    this.#wake();
    this.#kick();
  }

  #settle(outcomes: readonly BatchOutcome[]): void {
    const commits: PartitionCommit[] = [];
    for (const outcome of outcomes) {
      if (outcome.committed) commits.push(outcome.committed);
      const owned = this.#partitions.get(outcome.batch.books.partition);
      if (!owned || owned.books !== outcome.batch.books) continue;
      if (outcome.result === 'booked') this.#answerClocks(owned, outcome.batch.books);
      else this.#loseOwnership(owned, outcome.result);
      if (outcome.batch.records.some(({ request }) => request?.ask.type === 'tick')) owned.tickSentMs = 0;
    }
    if (commits.length > 0) this.#options.committed(commits);
  }

  /** A defect in deciding: the partition halts with an alarm rather than skip or double anything. */
  #failed(group: readonly { owned: Owned; batch: Batch }[], error: unknown): void {
    for (const { owned, batch } of group) {
      const from = batch.records[0]?.record.offset;
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (owned.state === 'owned') this.#halt(owned, `records from offset ${from} cannot be decided: ${reason}`);
    }
  }

  #loseOwnership(owned: Owned, how: 'lost' | 'doubt'): void {
    if (owned.state !== 'owned') return;
    owned.state = 'lost';
    owned.pending = [];
    const again = (): void => {
      if (owned.state !== 'lost' || this.#partitions.get(owned.tp.partition) !== owned || this.#stopping) return;
      this.#claim(owned).then(
        (offset) => this.#subscription?.seek(owned.tp, offset),
        (error: unknown) => {
          this.#options.booking.warn('partition cannot be claimed again', {
            partition: owned.tp.partition,
            error: String(error),
          });
          setTimeout(again, reclaimAfterMs).unref();
        },
      );
    };
    // Lost to another instance: the log's group tells whose it is; only who is still a member afterwards claims again.
    setTimeout(again, how === 'doubt' ? 0 : reclaimAfterMs).unref();
  }

  #answerClocks(owned: Owned, books: PartitionBooks): void {
    if (owned.clocks.length === 0) return;
    const next = books.timers.nextDueMs();
    owned.clocks = owned.clocks.filter((clock) => {
      if (next <= clock.timeMs) return true;
      this.#options.answerClock(clock);
      return false;
    });
  }

  /** Appends a tick for every partition in which something is due; at most one is outstanding (rule 16). */
  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    const realMs = performance.now();
    for (const owned of this.#partitions.values()) {
      if (owned.state !== 'owned' || !owned.books || owned.books.timers.nextDueMs() > nowMs) continue;
      if (owned.tickSentMs > 0 && realMs - owned.tickSentMs < tickLostAfterMs) continue;
      owned.tickSentMs = realMs;
      const { partition, topic } = owned.tp;
      const id = `tick-${owned.books.position.epoch}-${owned.books.decidedOffset}`;
      const value = JSON.stringify({ v: 1, type: 'tick', source: 'ledger', id, account: '', data: {} });
      this.#options.log.append([{ topic, partition, key: '', value }]).catch((error: unknown) => {
        owned.tickSentMs = 0;
        this.#options.booking.warn('tick not appended', {
          partition,
          error: error instanceof AppError ? error.code : String(error),
        });
      });
    }
  }

  #wake(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #nextIdle(): Promise<void> {
    return new Promise((resolve) => this.#idle.push(resolve));
  }
}

/** Records with their offsets as in the books. */
function inBooks({ books }: Owned, records: readonly LogRecord[]): readonly LogRecord[] {
  const base = books?.position.logBase ?? 0;
  return base === 0 ? records : records.map((record) => ({ ...record, offset: record.offset + base }));
}

function release(owned: Owned): void {
  for (const resolve of owned.space.splice(0)) resolve();
}
