import { setTimeout as delay } from 'node:timers/promises';

import type { LogRecord } from '@tollgate/messaging';

import type { BookingPorts } from '../booking/book-group.ts';
import { bookGroup } from '../booking/book-group.ts';
import type { AccountCache, RecentAnswers } from '../booking/partition-state.ts';
import { PartitionState } from '../booking/partition-state.ts';
import type { BookStore, ClaimedPartition, PartitionCommit } from '../booking/ports.ts';
import { readRecords } from '../booking/read-records.ts';
import type { Account } from '../domain/account/account.ts';
import { isRefilled } from '../domain/account/account.ts';
import type { BlockChange, Crossing, Timer } from '../domain/entry.ts';
import { compareTimers } from '../domain/entry.ts';
import { isoTime } from '../domain/iso-time.ts';
import { leafText } from '../sealing/domain/seal.ts';
import type { SealedEntry } from '../sealing/sealer.ts';
import type { Drift, Folded } from './fold.ts';

/** The books as of a record, for deciding the log once more: what was booked later is not seen. */
export type PastBooks = Pick<BookStore, 'firstAnswers' | 'endedHolds' | 'targets' | 'requestTargets'> & {
  asOf(offset: number): void;
  /** The entries that were booked, by partition_seq: after one, at most so many. */
  entries(partition: number, afterSeq: number, limit: number): Promise<readonly SealedEntry[]>;
  /** The blocks that were entered, left and regained by entries in (afterSeq, toSeq]. */
  blocks(
    partition: number,
    range: { readonly afterSeq: number; readonly toSeq: number },
  ): Promise<readonly BookedBlock[]>;
};

/** A row of `crossings` or `block_changes` as it was booked beside an entry. */
export type BookedBlock = Crossing & {
  readonly seq: number;
  readonly account: string;
  readonly change: 'entered' | BlockChange['change'];
};

export type RedecideOptions = {
  readonly past: PastBooks;
  /** State before the first record, folded from the entries below its offset. */
  readonly start: Folded;
  readonly claimed: ClaimedPartition;
  readonly caches: { readonly accounts: AccountCache; readonly recent: RecentAnswers };
  readonly batches: AsyncIterable<readonly LogRecord[]>;
  /** Records from here on were not booked yet when the check began. */
  readonly until: number;
  readonly progress: (records: number) => void;
};

export type Redecided = {
  readonly records: number;
  readonly drifts: readonly Drift[];
  /** Accounts as they are after the last record. */
  readonly accounts: (id: string) => Account | null | undefined;
};

const readTriesMax = 5;

/**
 * Decides the kept part of a partition's log once more and compares entry by entry with what was booked (rules 9 and
 * 30). Nothing is written: the commit is the comparison.
 */
export async function redecide(options: RedecideOptions): Promise<Redecided> {
  const { past, start, claimed, caches, until, progress } = options;
  const partition = claimed.position.partition;
  const drifts: Drift[] = [];
  const state = new PartitionState(claimed, caches);
  state.timers.load(timersOf(start), Infinity);
  for (const account of start.accounts.values()) state.keepAccount(account.id, account);
  let records = 0;
  const ports: BookingPorts = {
    store: {
      ...storeOf(past),
      commit: async ([commit]) => void (commit && drifts.push(...(await compare(past, commit)))),
    },
    answer: () => undefined,
    clockReached: () => undefined,
    pause: async (attempt) => {
      if (attempt > readTriesMax) throw new Error('the books cannot be read');
      await delay(200);
    },
    warn: () => undefined,
  };
  for await (const batch of options.batches) {
    const booked = batch.filter(({ offset }) => offset < until);
    const [first] = booked;
    if (!first) break;
    past.asOf(first.offset);
    state.lookFirst = 1;
    const [outcome] = await bookGroup(ports, [{ state, records: readRecords(booked, state.decidedTimeMs) }]);
    if (outcome?.result !== 'booked')
      drifts.push({ partition, what: `records from offset ${first.offset} cannot be decided again` });
    records += booked.length;
    progress(booked.length);
    if (drifts.length > 100) break;
  }
  return { records, drifts, accounts: (id) => state.account(id) };
}

/** Timers that were waiting at the start, in their order: those of what is still open then. */
function timersOf(start: Folded): readonly Timer[] {
  const timers: Timer[] = [];
  for (const { ref, lots, holds, counter, ...account } of start.accounts.values()) {
    for (const { lot, expiresMs } of lots)
      if (expiresMs !== null) timers.push({ dueMs: expiresMs, ref, kind: 'lot', object: lot });
    for (const { hold, expiresMs } of holds) timers.push({ dueMs: expiresMs, ref, kind: 'hold', object: hold });
    const { tierEndMs } = account.terms.settings;
    if (tierEndMs !== null) timers.push({ dueMs: tierEndMs, ref, kind: 'tier', object: 0 });
    if (isRefilled(account) && counter.period)
      timers.push({ dueMs: counter.period.endMs, ref, kind: 'reset', object: 0 });
  }
  return timers.sort(compareTimers);
}

function storeOf(past: PastBooks): BookStore {
  const never = (): never => {
    throw new Error('deciding again writes nothing');
  };
  return {
    claim: never,
    setTopicId: never,
    positions: never,
    commit: never,
    timers: async () => [],
    // All accounts that exist by now were folded or opened before, so an account that is not in memory does not exist.
    accounts: async () => [],
    firstAnswers: (partition, identities) => past.firstAnswers(partition, identities),
    endedHolds: (ids) => past.endedHolds(ids),
    targets: (ids) => past.targets(ids),
    requestTargets: (partition, identity) => past.requestTargets(partition, identity),
  };
}

async function compare(past: PastBooks, commit: PartitionCommit): Promise<readonly Drift[]> {
  const { partition, entries, from } = commit;
  const booked = await past.entries(partition, from.lastSeq, entries.length);
  const bySeq = new Map(booked.map(({ entry }) => [entry.partitionSeq, entry]));
  const drifts = entries.flatMap((decided) => {
    const stored = bySeq.get(decided.partitionSeq);
    const where = `entry ${partition}-${decided.partitionSeq}`;
    if (!stored) return [{ partition, what: `${where} is decided from offset ${decided.offset} and was not booked` }];
    const [a, b] = [leafText(partition, decided, null), leafText(partition, stored, null)];
    return a === b ? [] : [{ partition, what: `${where} was booked as ${b}, is decided as ${a}` }];
  });
  return [...drifts, ...(await compareBlocks(past, commit))];
}

/** Compares the rows that billing charges from; no seal covers them. */
async function compareBlocks(
  past: PastBooks,
  { partition, entries, from, to }: PartitionCommit,
): Promise<readonly Drift[]> {
  const textOf = ({ seq, account, change, ...of }: BookedBlock): string =>
    `entry ${partition}-${seq} of ${account}: block ${of.block} of ${of.plan} ${of.planVersion} ${change}, ` +
    `${isoTime(of.periodStartMs)} to ${isoTime(of.periodEndMs)}, ${of.label}, ${of.amountMinor} ${of.currency}, ` +
    `charge ${of.charge}`;
  const decided = entries
    .flatMap(({ partitionSeq: seq, account, crossings, blockChanges }) => [
      ...crossings.map((of): BookedBlock => ({ ...of, seq, account, change: 'entered' })),
      ...blockChanges.map((of): BookedBlock => ({ ...of, seq, account })),
    ])
    .map(textOf);
  if (from.lastSeq === to.lastSeq) return [];
  const booked = (await past.blocks(partition, { afterSeq: from.lastSeq, toSeq: to.lastSeq })).map(textOf);
  const [isBooked, isDecided] = [new Set(booked), new Set(decided)];
  return [
    ...decided
      .filter((text) => !isBooked.has(text))
      .map((text) => ({ partition, what: `${text}: is decided so and was not booked` })),
    ...booked
      .filter((text) => !isDecided.has(text))
      .map((text) => ({ partition, what: `${text}: was booked so and is not decided` })),
  ];
}
