import type { Counter, Terms } from '../account/account.ts';
import type { HoldRow } from '../account/hold.ts';
import type { Uses } from '../account/limit-counts.ts';
import type { LotRow } from '../account/lot.ts';
import type { Cause, Contra, EntryKind, EntryRate, Timer } from '../entry.ts';
import type { BookedPlan } from '../prices/catalog.ts';

/** Everything that a posting can say; each kind says its part of it. What is absent is zero, null or empty. */
type Says = {
  readonly amount: bigint;
  readonly contra: Contra;
  /** By how much the reserved sum changes. */
  readonly held: bigint;
  /** The lot that the amount moves, and what is left in it. */
  readonly lot: { readonly lot: number; readonly left: bigint } | null;
  readonly lotRows: readonly Omit<LotRow, 'floor'>[];
  readonly hold: number;
  readonly holdRows: readonly Omit<HoldRow, 'floor'>[];
  readonly terms: Terms;
  readonly timers: readonly Omit<Timer, 'ref'>[];
  readonly rate: EntryRate | null;
  /** The entry that is corrected. */
  readonly corrects: number;
  /** What the counter of the period counts of it. */
  readonly used: bigint;
  /** What the account's `limits` count of it. */
  readonly uses: Uses;
  /** The earlier period that it counts in (rule 17); absent: the current one. */
  readonly inPeriod: Counter;
  /** The plan version of that period, where the account does not tell any more; null: it charges nothing. */
  readonly pricedBy: BookedPlan | null;
  readonly late: boolean;
  /** Most tier blocks that it may enter. */
  readonly blocksMax: bigint;
  /** The period that begins with it. */
  readonly beginsPeriod: Counter;
};
type Field = keyof Says;

/** One kind of posting: the fields it always has, and those it may have; it has no others. */
type Of<K extends EntryKind, Always extends Field, Maybe extends Field = never> = {
  readonly kind: K;
  readonly cause: Cause;
  readonly ordinal: number;
} & Pick<Says, Always> & { readonly [F in Maybe]?: Says[F] | undefined } & {
    readonly [F in Exclude<Field, Always | Maybe>]?: never;
  };

/** Where usage counts. */
export type CountedAs = { readonly [F in 'used' | 'inPeriod' | 'pricedBy' | 'late']?: Says[F] | undefined };

export type Opening = Of<'opened', 'terms' | 'timers'>;
export type TermsChange = Of<'changed', 'terms', 'timers' | 'beginsPeriod'>;
/** Units that arrive as a lot of their own. `corrected` and `withdrawn`: usage that is given back. */
export type Grant = Of<
  'granted' | 'adjusted' | 'reset' | 'corrected' | 'withdrawn',
  'amount' | 'contra' | 'lot' | 'lotRows' | 'timers',
  'corrects' | 'used' | 'uses' | 'inPeriod' | 'pricedBy' | 'terms'
>;
/** A period that begins with nothing to refill. */
export type Reset = Of<'reset', 'contra' | 'timers'>;
/** Units that leave by use, with a hold or without. `withdrawn`: usage that a withdrawn correction had given back. */
export type Use = Of<
  'spent' | 'settled' | 'withdrawn',
  'amount' | 'contra' | 'lot' | 'lotRows' | 'rate',
  'used' | 'uses' | 'inPeriod' | 'pricedBy' | 'late' | 'blocksMax' | 'hold' | 'held' | 'holdRows' | 'corrects' | 'terms'
>;
export type Reservation = Of<'held', 'held' | 'hold' | 'holdRows' | 'timers'>;
/** A hold that grows, or (`withdrawn`) shrinks to what it was. */
export type Extension = Of<'extended' | 'withdrawn', 'held' | 'hold' | 'holdRows'>;
export type HoldEnd = Of<'released' | 'hold_expired', 'held' | 'hold' | 'holdRows'>;
export type Expiry = Of<'expired', 'amount' | 'contra' | 'lot' | 'lotRows'>;
/** Units that leave without use: a lower balance, or a grant that is taken back. */
export type Reduction = Of<
  'adjusted' | 'corrected' | 'withdrawn',
  'amount' | 'contra' | 'lot' | 'lotRows',
  'corrects' | 'terms'
>;
/** Usage of an account without lots that is given back. */
export type UseBack = Of<
  'adjusted' | 'corrected' | 'withdrawn',
  'amount' | 'contra',
  'corrects' | 'used' | 'uses' | 'inPeriod' | 'pricedBy'
>;
/** A request that was withdrawn before it came: only its id is booked. */
export type WithdrawnId = Of<'withdrawn', never>;
export type TermsBack = Of<'withdrawn', 'corrects' | 'terms' | 'timers'>;
/** What counts against the limits of an account above (rule 20). */
export type BudgetRow = Of<'budgeted', 'used' | 'held', 'uses' | 'inPeriod' | 'pricedBy' | 'late'>;

/** What a command writes; the journal makes an entry of it. */
export type Posting =
  | Opening
  | TermsChange
  | Grant
  | Reset
  | Use
  | Reservation
  | Extension
  | HoldEnd
  | Expiry
  | Reduction
  | UseBack
  | WithdrawnId
  | TermsBack
  | BudgetRow;
