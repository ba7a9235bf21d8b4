import type { Lot, LotRow } from './lot.ts';
import { Sorted } from './sorted.ts';

type LotSummary = {
  /** Number of the entry of the oldest newest row. */
  readonly rowSeq: number;
  /** The soonest expiry; Infinity: none expires. */
  readonly expiresMs: number;
  readonly lowest: number;
  readonly highest: number;
};

/** The open lots of an account in burning order: lower priority number first, then sooner expiry, then age. */
export type Lots = Sorted<Lot, LotSummary>;

const rules = {
  order: (a: Lot, b: Lot): number => a.priority - b.priority || expiry(a) - expiry(b) || a.lot - b.lot,
  summary: (items: readonly Lot[]): LotSummary => {
    let [rowSeq, expiresMs, lowest, highest] = [Infinity, Infinity, Infinity, -Infinity];
    for (const item of items) {
      if (item.rowSeq < rowSeq) rowSeq = item.rowSeq;
      if (item.expiresMs !== null && item.expiresMs < expiresMs) expiresMs = item.expiresMs;
      if (item.lot < lowest) lowest = item.lot;
      if (item.lot > highest) highest = item.lot;
    }
    return { rowSeq, expiresMs, lowest, highest };
  },
};
/** Later than any expiry that can be set, so that two lots without one differ by 0. */
const expiry = (lot: Lot): number => lot.expiresMs ?? Number.MAX_SAFE_INTEGER;

export const noLots: Lots = Sorted.of(rules);
export const lotsOf = (lots: Iterable<Lot>): Lots => Sorted.of(rules, lots);

/** The open lot of that number. */
export function lotNumbered(lots: Lots, number: number): Lot | undefined {
  for (const { items, summary } of lots.chunks) {
    if (number < summary.lowest || number > summary.highest) continue;
    for (const lot of items) if (lot.lot === number) return lot;
  }
  return undefined;
}

/** The first in burning order that is past its expiry. */
export function lotPastExpiry(lots: Lots, nowMs: number): Lot | undefined {
  for (const { items, summary } of lots.chunks) {
    if (summary.expiresMs > nowMs) continue;
    for (const lot of items) if (lot.expiresMs !== null && lot.expiresMs <= nowMs) return lot;
  }
  return undefined;
}

export function lotsAfter(lots: Lots, rows: readonly LotRow[], seq: number): Lots {
  let next = lots;
  for (const { lot, granted, left, priority, expiresMs, purchased } of rows) {
    const row = { lot, granted, left, priority, expiresMs, purchased, rowSeq: seq };
    next = left === 0n ? next.without(row) : next.with(row);
  }
  return next;
}

/** On the path of every spend; summaries do not depend on what is left in a lot. */
export function withLeft(lots: Lots, number: number, left: bigint): Lots {
  for (let index = 0; index < lots.chunks.length; index++) {
    const { items, summary } = lots.chunks[index] as Lots['chunks'][number];
    if (number < summary.lowest || number > summary.highest) continue;
    for (let at = 0; at < items.length; at++) {
      const lot = items[at] as Lot;
      if (lot.lot === number) return lot.left === left ? lots : lots.withAt(index, at, { ...lot, left });
    }
  }
  return lots;
}
