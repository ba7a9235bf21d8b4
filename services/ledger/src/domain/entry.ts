import type { Details } from '@tollgate/contracts';
import type { AccountKind } from '@tollgate/contracts';

import type { Counter, LimitCount, Terms } from './account/account.ts';
import type { HoldRow } from './account/hold.ts';
import type { LotRow } from './account/lot.ts';

/** What an entry records. The number is its column value and never changes. */
export const entryKinds = {
  opened: 1,
  changed: 2,
  granted: 3,
  spent: 4,
  held: 5,
  extended: 6,
  settled: 7,
  released: 8,
  hold_expired: 9,
  expired: 10,
  reset: 11,
  corrected: 12,
  adjusted: 13,
  withdrawn: 14,
  budgeted: 15,
} as const;
export type EntryKind = keyof typeof entryKinds;

/**
 * Where an amount came from or went: one row is both sides of the posting, so the trial balance is zero by
 * construction.
 */
export type Contra = 'none' | 'usage' | 'goodwill' | 'grants' | 'allowance' | 'expiry' | 'adjustments';

/** The identity of a request (rule 11) and what is kept with it. */
export type Cause = {
  readonly source: string;
  readonly id: string;
  readonly hash: string | null;
  readonly occurredMs: number;
  readonly details: Details | null;
};

/** The rate that decided an amount. */
export type EntryRate = {
  readonly card: string;
  readonly version: number;
  readonly meter: string;
  readonly inputs: Readonly<Record<string, string>>;
};

export type CounterRow = Counter;

/** A tier block was entered; billing charges it once. */
export type Crossing = {
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly block: bigint;
  /** The plan version that prices the period, and what it says about the block. */
  readonly plan: string;
  readonly planVersion: number;
  readonly label: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly charge: string;
};

/** A block entered before that a correction left, or that later usage entered again; its charge follows (rule 18). */
export type BlockChange = Crossing & { readonly change: 'left' | 'regained' };

/** An immutable signed change of one account, and the rows that are inserted with it. */
export type Entry = {
  readonly partitionSeq: number;
  readonly ref: number;
  readonly account: string;
  readonly accountKind: AccountKind;
  readonly unit: string;
  readonly seq: number;
  readonly kind: EntryKind;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
  readonly heldAfter: bigint;
  /** Used in the entry's period, or ever where the account has none. */
  readonly usedAfter: bigint;
  readonly contra: Contra;
  readonly lot: number | null;
  readonly lotLeft: bigint | null;
  readonly hold: number | null;
  readonly source: string;
  readonly requestId: string;
  readonly ordinal: number;
  readonly hash: string | null;
  readonly periodStartMs: number | null;
  readonly late: boolean;
  readonly rate: EntryRate | null;
  /** Partition sequence number of the entry this one corrects. */
  readonly corrects: number | null;
  readonly occurredMs: number;
  readonly recordedMs: number;
  readonly offset: number;
  readonly details: Details | null;
  /** What could be spent after the whole request; set on its last entry on the request's account. null: unlimited. */
  availableAfter: bigint | null;
  readonly opened: { readonly openedMs: number } | null;
  readonly terms: Terms | null;
  readonly lotRows: readonly LotRow[];
  readonly holdRows: readonly HoldRow[];
  readonly counterRows: readonly CounterRow[];
  /** Counts of all the account's `limits` after it; null: as before. */
  readonly limitCounts: readonly LimitCount[] | null;
  readonly crossings: readonly Crossing[];
  readonly blockChanges: readonly BlockChange[];
  /** New timers of the account. */
  readonly timers: readonly Timer[];
};

/** Something that becomes due without a request (rule 16). */
export const timerKinds = { hold: 1, lot: 2, reset: 3, tier: 4 } as const;
export type TimerKind = keyof typeof timerKinds;
export type Timer = {
  readonly dueMs: number;
  readonly ref: number;
  readonly kind: TimerKind;
  /** Number of the hold or lot; 0 for a reset or the end of a tier. */
  readonly object: number;
};

/** The order in which timers are booked. */
export function compareTimers(a: Timer, b: Timer): number {
  return a.dueMs - b.dueMs || a.ref - b.ref || timerKinds[a.kind] - timerKinds[b.kind] || a.object - b.object;
}
