import type { HoldView } from '@tollgate/contracts';
import type { Answer, CatalogItem } from '@tollgate/contracts';

import type { Account } from '../domain/account/account.ts';
import type { Entry, Timer } from '../domain/entry.ts';
import type { EntryId, HoldId } from '../domain/request/ids.ts';
import type { Target } from '../domain/target.ts';

/** How far a partition is booked, as `ledger.positions` keeps it (rule 2). */
export type StoredPosition = {
  readonly partition: number;
  readonly epoch: number;
  readonly topicId: string | null;
  /**
   * Offsets in the books are offsets of the topic plus this number: the records booked before the books moved to the
   * topic (rule 4).
   */
  readonly logBase: number;
  readonly nextOffset: number;
  /** The log's time of the last record; time never goes back (rule 1). */
  readonly lastTimeMs: number;
  /** Digest of the last record's value, compared on assignment. */
  readonly lastRecord: string | null;
  readonly lastSeq: number;
  readonly lastAccount: number;
  readonly lastName: number;
  /** Timers up to here, in their order, were booked by ticks. */
  readonly timer: Timer;
};

/** What is loaded when a partition is claimed. */
export type ClaimedPartition = {
  readonly position: StoredPosition;
  readonly names: ReadonlyMap<string, number>;
  readonly items: readonly { readonly item: CatalogItem; readonly bookedMs: number }[];
};

/** A request's identity within a partition (rule 11). */
export type Identity = { readonly account: string; readonly source: string; readonly id: string };

/** The first answer of a request that was booked before. */
export type FirstAnswer = { readonly hash: string | null; readonly answer: Answer | null };

export type RefusalRow = {
  readonly offset: number;
  readonly account: string;
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly code: string;
  readonly detail: string;
  readonly refusedMs: number;
};
export type DeadLetterRow = {
  readonly offset: number;
  readonly reason: string;
  readonly key: string;
  readonly value: string;
  readonly headers: string;
  readonly recordedMs: number;
};

/** Everything one partition commits for one batch. */
export type PartitionCommit = {
  readonly partition: number;
  readonly from: StoredPosition;
  readonly to: StoredPosition;
  readonly entries: readonly Entry[];
  readonly names: readonly { readonly name: number; readonly text: string }[];
  /** Number of a unit, contra account or source; known for everything the entries mention. */
  readonly nameOf: (text: string) => number;
  readonly items: readonly { readonly item: CatalogItem; readonly offset: number; readonly bookedMs: number }[];
  readonly refusals: readonly RefusalRow[];
  readonly deadLetters: readonly DeadLetterRow[];
};

/** Why a commit did not happen, as far as the database said. Nothing of the group is booked, unless `unknown`. */
export type CommitFailure =
  | { readonly why: 'duplicate'; readonly partition: number | null }
  | { readonly why: 'fenced' }
  | { readonly why: 'unstorable'; readonly detail: string }
  /** The connection was lost or the server failed: the stored positions tell the outcome. */
  | { readonly why: 'unknown'; readonly detail: string };

/** The books as the booking loop sees them. */
export interface BookStore {
  /**
   * Claims a partition: raises its epoch by 1 (rule 5) and terminates back ends of a frozen predecessor that block it
   * (rule 6).
   */
  claim(partition: number): Promise<ClaimedPartition>;
  /** Stores the identity of the topic where the partition has none yet. */
  setTopicId(partition: number, epoch: number, topicId: string): Promise<void>;
  positions(partitions: readonly number[]): Promise<ReadonlyMap<number, StoredPosition>>;
  /** Timers after `after` in their order, at most `limit`. */
  timers(partition: number, after: Timer, limit: number): Promise<readonly Timer[]>;
  /** Accounts by id or by number; what does not exist is absent from the answer. */
  accounts(wanted: {
    readonly byId: readonly { readonly partition: number; readonly id: string }[];
    readonly byRef: readonly { readonly partition: number; readonly ref: number }[];
  }): Promise<readonly { readonly partition: number; readonly account: Account }[]>;
  /** First answers of requests booked before, in the order asked; undefined where there is none. */
  firstAnswers(partition: number, identities: readonly Identity[]): Promise<readonly (FirstAnswer | undefined)[]>;
  endedHolds(ids: readonly HoldId[]): Promise<readonly (HoldView | undefined)[]>;
  targets(ids: readonly EntryId[]): Promise<readonly (Target | undefined)[]>;
  /** Entries of a request on its own account, as targets, by ordinal. */
  requestTargets(partition: number, identity: Identity): Promise<readonly Target[]>;
  /** One transaction for all partitions of the group, each fenced by epoch and position. Rejects with CommitError. */
  commit(group: readonly PartitionCommit[]): Promise<void>;
}

export class CommitError extends Error {
  readonly failure: CommitFailure;
  constructor(failure: CommitFailure, cause?: unknown) {
    super(`commit failed: ${failure.why}`, { cause });
    this.failure = failure;
  }
}
