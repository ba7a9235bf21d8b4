import type { AccountStatus } from '@tollgate/contracts';

import type { Counter, Settings } from './account/account.ts';
import { keepsLots } from './account/account.ts';
import type { Entry, EntryKind } from './entry.ts';

/** An entry that is to be given or taken back, as looked up before deciding. */
export type Target = {
  readonly partitionSeq: number;
  readonly account: string;
  /** The request that booked it: a spend that burned several lots has an entry for each, numbered from 0 (rule 11). */
  readonly source: string;
  readonly requestId: string;
  readonly ordinal: number;
  readonly kind: EntryKind;
  /** Signed, as booked. */
  readonly amount: bigint;
  /** What earlier corrections gave back of it, ≥ 0. */
  readonly corrected: bigint;
  /** What of the units it gave back expired at once, because their lot had. */
  readonly expired: bigint;
  /** The lot it moved, with the terms a returned unit keeps. */
  readonly lot: {
    readonly lot: number;
    readonly priority: number;
    readonly expiresMs: number | null;
    readonly purchased: boolean;
  } | null;
  readonly hold: number | null;
  /** What an `extended` entry added to its hold; 0 for others. */
  readonly extended: bigint;
  /** The entry that this one corrected. */
  readonly corrects: number | null;
  readonly periodStartMs: number | null;
  /** When it happened and was booked, and the model its request named: what `limits` counted it as. */
  readonly occurredMs: number;
  readonly recordedMs: number;
  readonly model: string | null;
  /** Goodwill of a metered account covered it: it was not counted. */
  readonly covered: boolean;
  /** What was counted in its period when that ended, or by a correction since; null where nothing was kept. */
  readonly counted: Counter | null;
  /** The plan version at which blocks of its period were entered; null: none were. */
  readonly priced: { readonly name: string; readonly version: number } | null;
  /** Status of the account before it. */
  readonly statusBefore: AccountStatus;
  /** The settings before it and by it, where it changed them. */
  readonly settings: { readonly before: Settings; readonly after: Settings } | null;
  /** Ancestors it has budget rows on, each with the period of its own in which it counted. */
  readonly budgets: readonly CountedOn[];
};

/** A budget and a period of it, as `Target` tells of the account's own. */
export type CountedOn = { readonly id: string } & Pick<Target, 'periodStartMs' | 'counted' | 'priced'>;

/** What must be known of the past to give or take something back. */
export type Targets = {
  readonly entry: (seq: number) => Target | undefined;
  /** Every entry of a request on its own account, empty when it was never booked. */
  readonly request: (account: string, source: string, id: string) => readonly Target[];
};

/** What of an entry was not given back yet. */
export const leftOf = ({ amount, corrected }: Target): bigint => (amount < 0n ? -amount : amount) - corrected;

/**
 * Whether an entry moved the lot that it carries: what was taken beyond all lots, from overdraft, carries the one moved
 * last, and comes back with the terms of none.
 */
export const movedLot = (entry: Pick<Entry, 'accountKind' | 'amount' | 'balanceAfter' | 'contra'>): boolean =>
  entry.amount > 0n ||
  entry.contra === 'goodwill' ||
  (entry.amount < 0n && keepsLots(entry.accountKind) && entry.balanceAfter >= 0n);
