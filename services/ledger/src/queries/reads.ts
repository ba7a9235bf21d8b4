import type { CatalogItem, LedgerQueries } from '@tollgate/contracts';
import type { Period } from '@tollgate/pricing';

import type { Account } from '../domain/account/account.ts';
import type { Crossing, Entry, EntryKind } from '../domain/entry.ts';
import type { BookedCard } from '../domain/prices/catalog.ts';
import type { EntryId } from '../domain/request/ids.ts';
import type { CrossingReads } from '../publishing/crossings.ts';
import type { FeedReads } from '../publishing/feed.ts';

/** Reads of committed rows, by what they are about. */
export type Reads = {
  readonly accounts: AccountReads;
  readonly entries: EntryReads;
  readonly usage: UsageReads;
  readonly catalog: CatalogReads;
  readonly refusals: RefusalReads;
  readonly topUps: TopUpReads;
  readonly feed: FeedReads & CrossingReads;
};

/**
 * Which accounts a look-up examines, at most `limit` of them. `limited`: those that have or had a limit of their own.
 */
export type Candidates = {
  readonly after: readonly [partition: number, ref: number];
  readonly limit: number;
  readonly limited: boolean;
  readonly owner?: string;
  readonly unit?: string;
  readonly under?: string;
  readonly balanceBelow?: bigint;
};
export type Candidate = {
  readonly partition: number;
  readonly ref: number;
  readonly id: string;
  readonly fits: boolean;
};

export interface AccountReads {
  /** `at`: as they were after the last entry recorded by then. What does not exist is absent. */
  accounts(partition: number, ids: readonly string[], at?: string): Promise<readonly Account[]>;
  hasDescendants(partition: number, id: string): Promise<boolean>;
  /** Accounts after a place, in the order of partition and number. `fits`: it matches as far as the rows tell. */
  candidates(search: Candidates): Promise<readonly Candidate[]>;
  /** The first entry under the present, unbroken ownership of `owner`; null: the owner is another. */
  ownedSince(of: {
    readonly partition: number;
    readonly account: string;
    readonly owner: string;
  }): Promise<{ readonly seq: number; readonly recordedMs: number } | null>;
  /** The id of an account by its number; null: there is none. */
  accountNumbered(partition: number, ref: number): Promise<string | null>;
}

export interface EntryReads {
  /** null: no such account. */
  entries(page: {
    readonly partition: number;
    readonly account: string;
    readonly beforeSeq: number;
    readonly limit: number;
    readonly from?: string;
    readonly to?: string;
    readonly byUse: boolean;
    readonly kinds?: readonly EntryKind[];
    readonly total: boolean;
    readonly fromSeq?: number;
  }): Promise<{ readonly items: readonly Entry[]; readonly total?: number } | null>;
  entry(id: EntryId): Promise<Entry | null>;
  /** Which of these requests of one partition are booked: their places in the list and the hashes of their content. */
  booked(
    partition: number,
    requests: readonly { readonly account: string; readonly source: string; readonly id: string }[],
  ): Promise<readonly { readonly place: number; readonly hash: string | null }[]>;
}

export interface UsageReads {
  /** What was counted in the period that starts then, and the blocks entered in it. */
  usage(period: {
    readonly partition: number;
    readonly account: string;
    readonly startMs: number;
  }): Promise<{ readonly used: bigint; readonly crossings: readonly Crossing[] }>;
  /** The newest period that holds a time and was counted in; null: there is none. */
  periodHolding(query: {
    readonly partition: number;
    readonly account: string;
    readonly atMs: number;
  }): Promise<Period | null>;
}

export interface CatalogReads {
  /** In how many partitions each version of a catalog is booked. */
  booked(catalog: string): ReturnType<LedgerQueries['catalog']>;
  /** Every catalog version that a partition has booked, in its order. */
  items(partition: number): Promise<readonly { readonly item: CatalogItem; readonly bookedMs: number }[]>;
  card(partition: number, name: string, version: number): Promise<BookedCard | null>;
}

export interface RefusalReads {
  refused: LedgerQueries['refused'];
  /** `partition`: null asks all. */
  refusals(
    page: Parameters<LedgerQueries['refusals']>[0] & { readonly partition: number | null },
  ): ReturnType<LedgerQueries['refusals']>;
  deadLetters: LedgerQueries['deadLetters'];
  /** The stored record of a dead letter. */
  deadLetter(id: EntryId): Promise<{ readonly key: string; readonly value: string } | null>;
}

export interface TopUpReads {
  /** Wallets of one partition below their bounds, by their last entries. */
  balancesBelow(
    partition: number,
    wallets: readonly { readonly account: string; readonly below: string }[],
  ): Promise<readonly { readonly id: string; readonly below: bigint }[]>;
  /** Which of these requests of one partition were refused with nobody waiting, by their places in the list. */
  refusedRequests(
    partition: number,
    requests: readonly { readonly account: string; readonly source: string; readonly id: string }[],
  ): Promise<readonly { readonly place: number; readonly code: string }[]>;
}
