import type { CatalogItem, HoldView } from '@tollgate/contracts';
import { ancestorsOf, AppError, inAmountRange } from '@tollgate/kernel';
import type { Period } from '@tollgate/pricing';

import type { Account, Counter, LimitCount, Settings, Terms } from './account/account.ts';
import { isBudget } from './account/account.ts';
import type { Uses } from './account/limit-counts.ts';
import { countsAfter, countsAt, sameLimits } from './account/limit-counts.ts';
import { lotNumbered } from './account/open-lots.ts';
import type { Counters } from './account/periods.ts';
import { countersAt, periodAt } from './account/periods.ts';
import type { Sorted } from './account/sorted.ts';
import type { Cause, Contra, CounterRow, Entry, EntryKind, EntryRate, HoldRow, LotRow, Timer } from './entry.ts';
import { evolve, openedBy } from './evolve.ts';
import { blocksMoved, type Moved, noBlocks } from './prices/blocks.ts';
import type { BookedPlan, Catalog } from './prices/catalog.ts';
import { planAt, planNameAt } from './prices/plans.ts';

/** Committed accounts of one partition, by id; `undefined` means that there is no such account (it was looked up). */
export type CommittedAccounts = (id: string) => Account | undefined;

/** Where a partition's books stand. */
export type JournalPosition = {
  readonly partition: number;
  readonly lastSeq: number;
  readonly lastRef: number;
  readonly catalog: Catalog;
};

/** What one posting says; everything absent is zero, null or empty. */
export type Posting = {
  readonly kind: EntryKind;
  readonly cause: Cause;
  readonly ordinal: number;
  readonly amount?: bigint;
  readonly held?: bigint;
  readonly used?: bigint;
  readonly contra?: Contra;
  readonly lot?: { readonly lot: number; readonly left: bigint } | null;
  readonly lotRows?: readonly Omit<LotRow, 'floor'>[];
  readonly hold?: number | null;
  readonly holdRows?: readonly Omit<HoldRow, 'floor'>[];
  readonly terms?: Terms;
  readonly rate?: EntryRate | null;
  /** Most tier blocks it may enter. */
  readonly blocksMax?: bigint;
  readonly corrects?: number | null;
  readonly opened?: boolean;
  readonly timers?: readonly Omit<Timer, 'ref'>[];
  /** The period the amount counts in, when it is not the current one (rule 17). */
  readonly into?: Counter;
  /** The plan version of that period, where the account does not tell any more; null: it charges nothing. */
  readonly pricedBy?: BookedPlan | null;
  readonly late?: boolean;
  /** The counter afterwards, where a request begins a period itself. */
  readonly counter?: Counter;
  /** What the account's `limits` count of it, beside `used`. */
  readonly uses?: Uses;
};

/**
 * The working copy of one partition's books while a batch is decided: committed accounts are read from behind it,
 * changed ones are copies of its own, so that a failed batch is undone by dropping the journal (rule 12).
 */
export class Journal {
  readonly partition: number;
  readonly entries: Entry[] = [];
  catalog: Catalog;
  /** The time of the record being decided; never goes back (rule 1). */
  nowMs = 0;
  /** Offset of the record being decided. */
  offset = 0;
  lastSeq: number;
  lastRef: number;
  /** Holds that ended in this batch, by account number and hold. */
  readonly endedHolds = new Map<string, HoldView>();
  /** Catalog versions booked in this batch. */
  readonly items: { readonly item: CatalogItem; readonly offset: number; readonly bookedMs: number }[] = [];
  readonly #committed: CommittedAccounts;
  readonly #copies = new Map<string, Account>();
  #mark = { entries: 0, seq: 0, ref: 0 };
  readonly #before = new Map<string, Account | undefined>();

  constructor(position: JournalPosition, committed: CommittedAccounts) {
    this.partition = position.partition;
    this.lastSeq = position.lastSeq;
    this.lastRef = position.lastRef;
    this.catalog = position.catalog;
    this.#committed = committed;
  }

  /** The account as of now, or undefined. What it answers is not to be changed: post. */
  find(id: string): Readonly<Account> | undefined {
    return this.#copies.get(id) ?? this.#committed(id);
  }

  /** Accounts changed by this batch. */
  changed(): IterableIterator<Account> {
    return this.#copies.values();
  }

  /** From here on `undo` takes everything back: one request is booked whole or not at all. */
  begin(): void {
    this.#mark = { entries: this.entries.length, seq: this.lastSeq, ref: this.lastRef };
    this.#before.clear();
  }

  undo(): void {
    for (const [id, account] of this.#before) {
      if (account) this.#copies.set(id, account);
      else this.#copies.delete(id);
    }
    this.entries.length = this.#mark.entries;
    this.lastSeq = this.#mark.seq;
    this.lastRef = this.#mark.ref;
    this.#before.clear();
  }

  /** Opens an account; `post` an `opened` entry next. */
  open(opening: { readonly id: string; readonly kind: Account['kind']; readonly unit: string }): Account {
    const account = openedBy(
      { ref: ++this.lastRef, account: opening.id, accountKind: opening.kind, unit: opening.unit },
      this.nowMs,
    );
    this.#before.set(opening.id, undefined);
    this.#copies.set(opening.id, account);
    return account;
  }

  /**
   * Writes one entry and applies it to the working copy.
   * @throws AppError('invalid', AMOUNT_OUT_OF_RANGE) when a sum would leave the range of bigint; `undo` takes back what
   * the
   *   request posted before.
   */
  post(accountId: string, posting: Posting): Entry {
    const account = this.#copyOf(accountId);
    const terms = posting.terms ?? account.terms;
    const rolled = this.rolled(terms === account.terms ? account : { ...account, terms }, this.nowMs);
    const counting = countersAfter(account, rolled, posting);
    const blocks = this.#blocks(account, counting, posting);
    const entry: Entry = {
      partitionSeq: ++this.lastSeq,
      ref: account.ref,
      account: account.id,
      accountKind: account.kind,
      unit: account.unit,
      seq: account.seq + 1,
      kind: posting.kind,
      amount: posting.amount ?? 0n,
      balanceAfter: account.balance + (posting.amount ?? 0n),
      heldAfter: account.held + (posting.held ?? 0n),
      usedAfter: counting.used,
      contra: posting.contra ?? 'none',
      lot: posting.lot?.lot ?? account.lotSeen,
      lotLeft: posting.lot?.left ?? lotLeft(account, account.lotSeen),
      hold: posting.hold ?? null,
      source: posting.cause.source,
      requestId: posting.cause.id,
      ordinal: posting.ordinal,
      hash: posting.cause.hash,
      periodStartMs: counting.period?.startMs ?? null,
      late: posting.late ?? false,
      rate: posting.rate ?? null,
      corrects: posting.corrects ?? null,
      occurredMs: posting.cause.occurredMs,
      recordedMs: this.nowMs,
      offset: this.offset,
      details: posting.ordinal === 0 ? posting.cause.details : null,
      availableAfter: null,
      opened: posting.opened ? { openedMs: account.openedMs } : null,
      terms: posting.terms ?? null,
      lotRows: lotRowsOf(account, posting),
      holdRows: holdRowsOf(account, posting),
      counterRows: counting.rows,
      limitCounts: this.#limitCounts(account, terms.settings, posting.uses),
      crossings: blocks.crossings,
      blockChanges: blocks.changes,
      timers:
        posting.timers && posting.timers.length > 0
          ? posting.timers.map((timer) => ({ ...timer, ref: account.ref }))
          : none,
    };
    if (!inAmountRange(entry.balanceAfter) || !inAmountRange(entry.heldAfter) || !inAmountRange(entry.usedAfter)) {
      throw new AppError('invalid', 'AMOUNT_OUT_OF_RANGE', 'a sum would leave the range of 64 bits');
    }
    evolve(account, entry);
    this.#copies.set(accountId, account);
    this.entries.push(entry);
    return entry;
  }

  /** Existing ancestors that limit this account: same unit and a limit of their own, nearest first. */
  budgetsOf(account: Readonly<Account>): readonly Readonly<Account>[] {
    if (!account.id.includes('/')) return [];
    const budgets: Readonly<Account>[] = [];
    for (const id of ancestorsOf(account.id)) {
      const ancestor = this.find(id);
      if (ancestor && ancestor.unit === account.unit && isBudget(ancestor)) budgets.push(ancestor);
    }
    return budgets;
  }

  /** The counters of an account at a time (`countersAt`). */
  rolled(account: Readonly<Account>, atMs: number): Counters {
    return countersAt(this.catalog, account, atMs);
  }

  /** The plan version that prices the period of an account that starts then (rule 17). */
  planAt(account: Readonly<Account>, startMs: number): BookedPlan {
    return planAt(this.catalog, account, startMs);
  }

  /** How long after its end a period that started then takes usage that happened in it. */
  graceAt(account: Readonly<Account>, startMs: number): number {
    return this.planAt(account, startMs).plan.graceMs;
  }

  periodAt(account: Readonly<Account>, atMs: number): Period | null {
    return periodAt(this.catalog, account, atMs);
  }

  /** A copy for the next entry to be applied to; what was there before is kept for `undo`. */
  #copyOf(id: string): Account {
    const known = this.#copies.get(id);
    const before = known ?? this.#committed(id);
    if (!before) throw new AppError('bug', 'INVARIANT_BROKEN', `posting to an account that does not exist: ${id}`);
    if (!this.#before.has(id)) this.#before.set(id, known);
    return { ...before };
  }

  /** The counts of the account's `limits` after a posting; null: they are as they were. */
  #limitCounts(account: Account, settings: Settings, uses: Uses | undefined): readonly LimitCount[] | null {
    const before = account.terms.settings.limits;
    const changed = settings.limits !== before && !sameLimits(settings.limits, before);
    if (settings.limits.length === 0) return changed ? none : null;
    if (!changed && !uses) return null;
    const counts = countsAt(account, settings, this.nowMs);
    return uses ? countsAfter(counts, settings.limits, uses, (startMs) => this.graceAt(account, startMs)) : counts;
  }

  #blocks(
    account: Account,
    { moved, period }: Counting,
    { pricedBy, blocksMax }: Posting,
  ): ReturnType<typeof blocksMoved> {
    if (account.kind !== 'metered' || !period || !moved || pricedBy === null) return noBlocks;
    if (pricedBy) return blocksMoved(account, moved, pricedBy, blocksMax);
    return planNameAt(account.terms.settings, period.startMs) === null
      ? noBlocks
      : blocksMoved(account, moved, this.planAt(account, period.startMs), blocksMax);
  }
}

const none: readonly never[] = [];
type Counting = {
  readonly used: bigint;
  readonly period: Period | null;
  readonly rows: readonly CounterRow[];
  readonly moved: Moved | null;
};

/**
 * Which counter an entry moves, what it is afterwards, and which rows must be kept because the entry alone cannot tell
 * (rule 15).
 */
function countersAfter(account: Account, rolled: Counters, posting: Posting): Counting {
  if (posting.counter) return begun(account, posting.counter);
  const used = posting.used ?? 0n;
  const target = posting.into ?? rolled.counter;
  const after = used === 0n ? target : movedBy(target, used);
  let rows: readonly CounterRow[] = none;
  if (posting.into) rows = rowsAround(account, rolled, { into: after, used });
  else if (rolled.counter.period && !samePeriod(rolled.counter.period, account.counter.period)) {
    rows = rolled.earlier && rolled.earlier !== account.earlier ? [rolled.earlier, after] : [after];
  } else if (used < 0n) rows = [after];
  return { used: after.used, period: after.period, rows, moved: used === 0n ? null : { before: target, after } };
}

/** A period that begins now; the one before keeps what it counted. */
function begun(account: Account, counter: Counter): Counting {
  const goesOn = account.counter.period === null || account.counter.period.startMs === counter.period?.startMs;
  return {
    used: counter.used,
    period: counter.period,
    rows: goesOn ? [counter] : [account.counter, counter],
    moved: null,
  };
}

const samePeriod = (a: Period, b: Period | null): boolean =>
  b !== null && a.startMs === b.startMs && a.endMs === b.endMs;

/** The rows of an entry that counts in a period before: that one, the current one, and what was current until now. */
function rowsAround(
  account: Account,
  rolled: Counters,
  { into, used }: { readonly into: Counter; readonly used: bigint },
): readonly CounterRow[] {
  const current = { ...rolled.counter, before: rolled.counter.before + used };
  const { earlier } = rolled;
  const ended =
    earlier?.period && earlier !== account.earlier && earlier.period.startMs !== into.period?.startMs
      ? [earlier]
      : none;
  return [into, ...ended, current];
}

function movedBy(counter: Counter, used: bigint): Counter {
  const after = counter.used + used;
  return { ...counter, used: after, highWater: after > counter.highWater ? after : counter.highWater };
}

/** Entries that move no lot carry the one moved last, so that the newest entry always tells what is left in it. */
function lotLeft(account: Account, number: number | null): bigint | null {
  return number === null ? null : (lotNumbered(account.lots, number)?.left ?? 0n);
}

/** Rows of lots: those the posting names, and the one that entries stop carrying because another is moved now. */
function lotRowsOf(account: Account, posting: Posting): readonly LotRow[] {
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

function holdRowsOf(account: Account, posting: Posting): readonly HoldRow[] {
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
