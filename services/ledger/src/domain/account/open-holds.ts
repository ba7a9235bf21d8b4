import type { Hold, HoldRow } from './hold.ts';
import { Sorted } from './sorted.ts';

type HoldSummary = {
  /** Number of the entry of the oldest newest row. */
  readonly rowSeq: number;
  readonly expiresMs: number;
  /** Whether a hold among them was cut out of another. */
  readonly hasChildren: boolean;
};

/** The open holds of an account, by number. */
export type Holds = Sorted<Hold, HoldSummary>;

const rules = {
  order: (a: Pick<Hold, 'hold'>, b: Pick<Hold, 'hold'>): number => a.hold - b.hold,
  summary: (items: readonly Hold[]): HoldSummary => {
    let [rowSeq, expiresMs, hasChildren] = [Infinity, Infinity, false];
    for (const item of items) {
      if (item.rowSeq < rowSeq) rowSeq = item.rowSeq;
      if (item.expiresMs < expiresMs) expiresMs = item.expiresMs;
      if (item.parent !== null) hasChildren = true;
    }
    return { rowSeq, expiresMs, hasChildren };
  },
};

export const noHolds: Holds = Sorted.of(rules);
export const holdsOf = (holds: Iterable<Hold>): Holds => Sorted.of(rules, holds);

/** The open hold of that number. */
export const holdNumbered = (holds: Holds, number: number): Hold | undefined => holds.get(probe(number));

/** The hold whose deadline passed first. Children first: they expire no later than their parent and give back to it. */
export function holdPastDeadline(holds: Holds, nowMs: number): Hold | undefined {
  let first: Hold | undefined;
  for (const { items, summary } of holds.chunks) {
    if (summary.expiresMs > nowMs || (first && summary.expiresMs > first.expiresMs)) continue;
    for (const hold of items) {
      if (hold.expiresMs > nowMs) continue;
      if (!first || hold.expiresMs < first.expiresMs || (hold.expiresMs === first.expiresMs && hold.hold > first.hold))
        first = hold;
    }
  }
  return first;
}

/** The open holds below a hold, children of children included, by number. */
export function descendantsOf(holds: Holds, hold: number): readonly Hold[] {
  const found: Hold[] = [];
  const parents = new Set([hold]);
  // A child is opened after its parent, so one pass in order of number finds every generation.
  for (const { items, summary } of holds.chunks) {
    if (!summary.hasChildren) continue;
    for (const candidate of items) {
      if (candidate.parent === null || !parents.has(candidate.parent)) continue;
      parents.add(candidate.hold);
      found.push(candidate);
    }
  }
  return found;
}

export function holdsAfter(holds: Holds, rows: readonly HoldRow[], seq: number): Holds {
  let next = holds;
  for (const { hold, amount, expiresMs, parent, budgets, outcome } of rows) {
    next =
      outcome === 'open'
        ? next.with({ hold, amount, expiresMs, parent, budgets, rowSeq: seq })
        : next.without(probe(hold));
  }
  return next;
}

/** Holds are compared by their number alone. */
const probe = (hold: number): Hold => ({ hold, amount: 0n, expiresMs: 0, parent: null, budgets: [], rowSeq: 0 });
