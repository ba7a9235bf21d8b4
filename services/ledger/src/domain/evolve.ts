import type { Account, Counter, Hold, Lot } from './account.ts';
import { isRefilled, newAccount } from './account.ts';
import type { Entry, HoldRow, LotRow } from './entry.ts';

/**
 * Applies one entry to a working copy: the only function that changes an account, live and on replay. What it does
 * depends on the entry and the rows beside it alone.
 */
export function evolve(account: Account, entry: Entry): void {
  account.seq = entry.seq;
  account.balance = entry.balanceAfter;
  account.held = entry.heldAfter;
  account.lastRecordedMs = entry.recordedMs;
  if (entry.terms) account.terms = entry.terms;
  evolveCounters(account, entry);
  if (entry.lotRows.length > 0) account.lots = lotsAfter(account.lots, entry.lotRows, entry.seq);
  if (entry.lot !== null && entry.lotLeft !== null) {
    account.lots = withLeft(account.lots, entry.lot, entry.lotLeft);
    account.lotSeen = entry.lot;
  }
  if (entry.holdRows.length > 0) account.holds = holdsAfter(account.holds, entry.holdRows, entry.seq);
  if (entry.terms || entry.kind === 'reset' || entry.lotRows.length > 0 || entry.holdRows.length > 0) account.dueMs = dueOf(account);
}

/** Earliest time at which something must be booked without a request. */
export function dueOf(account: Account): number {
  let due = Infinity;
  for (const lot of account.lots) if (lot.expiresMs !== null && lot.expiresMs < due) due = lot.expiresMs;
  for (const hold of account.holds.values()) if (hold.expiresMs < due) due = hold.expiresMs;
  const { tierEndMs } = account.terms.settings;
  if (tierEndMs !== null && tierEndMs < due) due = tierEndMs;
  if (isRefilled(account) && account.counter.period) due = Math.min(due, account.counter.period.endMs);
  return due;
}

/** The account an opening entry makes, before `evolve` is applied to it. */
export const openedBy = (entry: Pick<Entry, 'ref' | 'account' | 'accountKind' | 'unit'>, openedMs: number): Account =>
  newAccount({ ref: entry.ref, id: entry.account, kind: entry.accountKind, unit: entry.unit, openedMs });

function evolveCounters(account: Account, entry: Entry): void {
  if (entry.counterRows.length === 0) {
    const { counter } = account;
    if (counter.used === entry.usedAfter && counter.period?.startMs === (entry.periodStartMs ?? undefined)) return;
    const highWater = entry.usedAfter > counter.highWater ? entry.usedAfter : counter.highWater;
    account.counter = { ...counter, used: entry.usedAfter, highWater };
    return;
  }
  const known = new Map<number, Counter>();
  for (const counter of [account.earlier, account.counter, ...entry.counterRows]) if (counter) known.set(counter.period?.startMs ?? -1, counter);
  const newest = [...known.values()].sort((a, b) => (b.period?.startMs ?? -1) - (a.period?.startMs ?? -1));
  const [current, earlier] = newest;
  if (current) account.counter = current;
  account.earlier = earlier?.period ? earlier : null;
}

function lotsAfter(lots: readonly Lot[], rows: readonly LotRow[], seq: number): readonly Lot[] {
  let next = lots;
  for (const row of rows) {
    const others = next.filter((lot) => lot.lot !== row.lot);
    const { lot, granted, left, priority, expiresMs } = row;
    next = left === 0n ? others : insertInOrder(others, { lot, granted, left, priority, expiresMs, rowSeq: seq });
  }
  return next;
}

function withLeft(lots: readonly Lot[], number: number, left: bigint): readonly Lot[] {
  const index = lots.findIndex((lot) => lot.lot === number);
  const lot = lots[index];
  if (!lot || lot.left === left) return lots;
  const next = lots.slice();
  next[index] = { ...lot, left };
  return next;
}

function insertInOrder(lots: readonly Lot[], lot: Lot): readonly Lot[] {
  let index = lots.length;
  while (index > 0 && before(lot, lots[index - 1])) index--;
  return [...lots.slice(0, index), lot, ...lots.slice(index)];
}

/** Burning order: lower priority number first, then sooner expiry, then age. */
function before(a: Lot, b: Lot | undefined): boolean {
  if (!b) return false;
  if (a.priority !== b.priority) return a.priority < b.priority;
  const [expiryA, expiryB] = [a.expiresMs ?? Infinity, b.expiresMs ?? Infinity];
  return expiryA === expiryB ? a.lot < b.lot : expiryA < expiryB;
}

function holdsAfter(holds: ReadonlyMap<number, Hold>, rows: readonly HoldRow[], seq: number): ReadonlyMap<number, Hold> {
  const next = new Map(holds);
  for (const row of rows) {
    // Deleted first, so that the map stays in the order of the newest rows.
    next.delete(row.hold);
    if (row.outcome === 'open') {
      const { hold, amount, expiresMs, parent, budgets } = row;
      next.set(hold, { hold, amount, expiresMs, parent, budgets, rowSeq: seq });
    }
  }
  return next;
}
