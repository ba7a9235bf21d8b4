import type { Account } from '../account/account.ts';
import type { HoldRow } from '../account/hold.ts';
import type { LotRow } from '../account/lot.ts';
import { lotNumbered } from '../account/open-lots.ts';
import type { Sorted } from '../account/sorted.ts';
import type { Posting } from './posting.ts';

const none: readonly never[] = [];

/** Entries that move no lot carry the one moved last, so that the newest entry always tells what is left in it. */
export function lotLeft(account: Account, number: number | null): bigint | null {
  return number === null ? null : (lotNumbered(account.lots, number)?.left ?? 0n);
}

/** Rows of lots: those the posting names, and the one that entries stop carrying because another is moved now. */
export function lotRowsOf(account: Account, posting: Posting): readonly LotRow[] {
  const movedLot = posting.lot?.lot;
  if (!posting.lotRows?.length && (movedLot === undefined || account.lotSeen === null || account.lotSeen === movedLot))
    return none;
  const rows: Omit<LotRow, 'floor'>[] = posting.lotRows ? [...posting.lotRows] : [];
  if (movedLot !== undefined && account.lotSeen !== null && account.lotSeen !== movedLot) {
    const left = lotNumbered(account.lots, account.lotSeen);
    if (left && !rows.some((row) => row.lot === left.lot)) rows.push(left);
  }
  if (rows.length === 0) return none;
  const floor = floorOf(account.lots, (lot) => rows.some((row) => row.lot === lot.lot), account.seq + 1);
  return rows.map(({ lot, left, granted, priority, expiresMs, purchased }) => ({
    lot,
    left,
    granted,
    priority,
    expiresMs,
    purchased,
    floor,
  }));
}

export function holdRowsOf(account: Account, posting: Posting): readonly HoldRow[] {
  if (!posting.holdRows || posting.holdRows.length === 0) return none;
  const { holdRows } = posting;
  const floor = floorOf(account.holds, (hold) => holdRows.some((row) => row.hold === hold.hold), account.seq + 1);
  return posting.holdRows.map((row) => ({ ...row, floor }));
}

/** The oldest row that still matters, beside those that are rewritten now: loading reads from there on. */
function floorOf<T extends { readonly rowSeq: number }>(
  open: Sorted<T, { readonly rowSeq: number }>,
  isRewritten: (item: T) => boolean,
  next: number,
): number {
  let floor = next;
  for (const { items, summary } of open.chunks) {
    if (summary.rowSeq >= floor) continue;
    for (const item of items) if (item.rowSeq < floor && !isRewritten(item)) floor = item.rowSeq;
  }
  return floor;
}
