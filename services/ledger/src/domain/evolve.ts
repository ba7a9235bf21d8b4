import type { Account, Counter } from './account/account.ts';
import { isRefilled, newAccount } from './account/account.ts';
import { holdsAfter } from './account/open-holds.ts';
import { lotsAfter, withLeft } from './account/open-lots.ts';
import type { Entry } from './entry.ts';

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
  if (entry.limitCounts) account.limitCounts = entry.limitCounts;
  if (entry.lotRows.length > 0) account.lots = lotsAfter(account.lots, entry.lotRows, entry.seq);
  if (entry.lot !== null && entry.lotLeft !== null) {
    account.lots = withLeft(account.lots, entry.lot, entry.lotLeft);
    account.lotSeen = entry.lot;
  }
  if (entry.holdRows.length > 0) account.holds = holdsAfter(account.holds, entry.holdRows, entry.seq);
  if (entry.terms || entry.kind === 'reset' || entry.lotRows.length > 0 || entry.holdRows.length > 0)
    account.dueMs = dueOf(account);
}

/** Earliest time at which something must be booked without a request. */
export function dueOf(account: Account): number {
  let due = Infinity;
  for (const { chunks } of [account.lots, account.holds])
    for (const { summary } of chunks) due = Math.min(due, summary.expiresMs);
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
  for (const counter of [account.earlier, account.counter, ...entry.counterRows])
    if (counter) known.set(counter.period?.startMs ?? -1, counter);
  const newest = [...known.values()].sort((a, b) => (b.period?.startMs ?? -1) - (a.period?.startMs ?? -1));
  const [current, earlier] = newest;
  if (current) account.counter = current;
  account.earlier = earlier?.period ? earlier : null;
}
