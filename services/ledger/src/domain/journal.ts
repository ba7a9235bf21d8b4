import type { CatalogItem, HoldView } from '@tollgate/contracts';
import { ancestorsOf, AppError, inAmountRange } from '@tollgate/kernel';
import type { Period } from '@tollgate/pricing';

import type { Account, LimitCount, Settings } from './account/account.ts';
import { isBudget } from './account/account.ts';
import type { Uses } from './account/limit-counts.ts';
import { countsAfter, countsAt, sameLimits } from './account/limit-counts.ts';
import type { Counters } from './account/periods.ts';
import { countersAt, periodAt } from './account/periods.ts';
import { Refusal } from './decision.ts';
import type { Entry } from './entry.ts';
import { evolve, openedBy } from './evolve.ts';
import type { Counting } from './posting/counting.ts';
import { countersAfter } from './posting/counting.ts';
import type { Posting } from './posting/posting.ts';
import { holdRowsOf, lotLeft, lotRowsOf } from './posting/version-rows.ts';
import type { Blocks } from './prices/blocks.ts';
import { blocksMoved, noBlocks } from './prices/blocks.ts';
import type { BookedPlan, Catalog } from './prices/catalog.ts';
import { planAt, planNameAt } from './prices/plans.ts';

/** Committed accounts of one partition, by id. `undefined`: there is no such account. */
export type CommittedAccounts = (id: string) => Account | undefined;

/** Where a partition's books stand. */
export type JournalPosition = {
  readonly partition: number;
  readonly lastSeq: number;
  readonly lastRef: number;
  readonly catalog: Catalog;
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
  /** Catalog versions booked in this batch. */
  readonly items: { readonly item: CatalogItem; readonly offset: number; readonly bookedMs: number }[] = [];
  readonly #committed: CommittedAccounts;
  readonly #copies = new Map<string, Account>();
  /** Holds that ended in this batch, by id. */
  readonly #endedHolds = new Map<string, HoldView>();
  #refusal: Refusal | null = null;
  /** Where the request under way began, for `undo`: accounts as they were, and holds that it ended. */
  #mark = { entries: 0, seq: 0, ref: 0 };
  readonly #originals = new Map<string, Account | undefined>();
  readonly #endedNow: string[] = [];

  constructor(position: JournalPosition, committed: CommittedAccounts) {
    this.partition = position.partition;
    this.lastSeq = position.lastSeq;
    this.lastRef = position.lastRef;
    this.catalog = position.catalog;
    this.#committed = committed;
  }

  /** Why the request under way cannot be booked although its command booked it; null: it can. See `post`. */
  get refusal(): Refusal | null {
    return this.#refusal;
  }

  /** The account as of now, or undefined. Only `post` changes it. */
  find(id: string): Readonly<Account> | undefined {
    return this.#copies.get(id) ?? this.#committed(id);
  }

  /** The account as of now. @throws AppError('bug') where there is none: whether it exists was checked before. */
  account(id: string): Readonly<Account> {
    const account = this.find(id);
    if (!account) throw new AppError('bug', 'INVARIANT_BROKEN', `there is no account ${id} to post on`);
    return account;
  }

  /** Accounts changed by this batch. */
  changed(): IterableIterator<Account> {
    return this.#copies.values();
  }

  /** Begins a request: from here on `undo` takes everything back, because a request is booked whole or not at all. */
  begin(): void {
    this.#mark = { entries: this.entries.length, seq: this.lastSeq, ref: this.lastRef };
    this.#originals.clear();
    this.#endedNow.length = 0;
  }

  undo(): void {
    for (const [id, account] of this.#originals) {
      if (account) this.#copies.set(id, account);
      else this.#copies.delete(id);
    }
    for (const hold of this.#endedNow) this.#endedHolds.delete(hold);
    this.entries.length = this.#mark.entries;
    this.lastSeq = this.#mark.seq;
    this.lastRef = this.#mark.ref;
    this.#refusal = null;
    this.#originals.clear();
    this.#endedNow.length = 0;
  }

  /** Opens an account; `post` an `opened` entry next. */
  open(opening: { readonly id: string; readonly kind: Account['kind']; readonly unit: string }): Account {
    const account = openedBy(
      { ref: ++this.lastRef, account: opening.id, accountKind: opening.kind, unit: opening.unit },
      this.nowMs,
    );
    this.#originals.set(opening.id, undefined);
    this.#copies.set(opening.id, account);
    return account;
  }

  /** How a hold ended in this batch, by its id. */
  endedHold(id: string): HoldView | undefined {
    return this.#endedHolds.get(id);
  }

  noteEnded(hold: HoldView): void {
    this.#endedHolds.set(hold.hold_id, hold);
    this.#endedNow.push(hold.hold_id);
  }

  /**
   * Writes one entry and applies it to the working copy. Where a sum would leave the range of 64 bits, or the usage
   * would enter too many tier blocks, `refusal` says so, and the request is to be undone.
   */
  post(accountId: string, posting: Posting): Entry {
    const account = this.#copyOf(accountId);
    const terms = posting.terms ?? account.terms;
    const present = this.countersAt(terms === account.terms ? account : { ...account, terms }, this.nowMs);
    const counting = countersAfter(account, present, posting);
    const blocks = this.#blocks(account, counting, posting);
    const lot = posting.lot;
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
      lot: lot?.lot ?? account.lotSeen,
      lotLeft: lot?.left ?? lotLeft(account, account.lotSeen),
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
      opened: posting.kind === 'opened' ? { openedMs: account.openedMs } : null,
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
    if (!inAmountRange(entry.balanceAfter) || !inAmountRange(entry.heldAfter) || !inAmountRange(entry.usedAfter))
      this.#refusal ??= new Refusal('AMOUNT_OUT_OF_RANGE', 'a sum would leave the range of 64 bits');
    evolve(account, entry);
    this.#copies.set(accountId, account);
    this.entries.push(entry);
    return entry;
  }

  /** Existing ancestors that limit this account: same unit and a limit of their own, nearest first. */
  budgetsOf(account: Readonly<Account>): readonly Readonly<Account>[] {
    if (!account.id.includes('/')) return none;
    const budgets: Readonly<Account>[] = [];
    for (const id of ancestorsOf(account.id)) {
      const ancestor = this.find(id);
      if (ancestor && ancestor.unit === account.unit && isBudget(ancestor)) budgets.push(ancestor);
    }
    return budgets;
  }

  /** The counters of an account at a time: a period that ended by then is followed by a fresh one. */
  countersAt(account: Readonly<Account>, atMs: number): Counters {
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

  /** A copy to apply the next entry to; the original is kept for `undo`. */
  #copyOf(id: string): Account {
    if (!this.#originals.has(id)) this.#originals.set(id, this.#copies.get(id));
    return { ...this.account(id) };
  }

  /** The counts of the account's `limits` after a posting; null: they are as they were. */
  #limitCounts(account: Account, settings: Settings, uses: Uses | undefined): readonly LimitCount[] | null {
    const earlier = account.terms.settings.limits;
    const changed = settings.limits !== earlier && !sameLimits(settings.limits, earlier);
    if (settings.limits.length === 0) return changed ? none : null;
    if (!changed && !uses) return null;
    const counts = countsAt(account, settings, this.nowMs);
    return uses ? countsAfter(counts, settings.limits, uses, (startMs) => this.graceAt(account, startMs)) : counts;
  }

  /** The tier blocks that a posting enters, leaves or regains. */
  #blocks(account: Account, { moved, period }: Counting, { pricedBy, blocksMax }: Posting): Blocks {
    if (account.kind !== 'metered' || !period || !moved || pricedBy === null) return noBlocks;
    if (!pricedBy && planNameAt(account.terms.settings, period.startMs) === null) return noBlocks;
    const blocks = blocksMoved(account, moved, pricedBy ?? this.planAt(account, period.startMs), blocksMax);
    if (!(blocks instanceof Refusal)) return blocks;
    this.#refusal ??= blocks;
    return noBlocks;
  }
}

const none: readonly never[] = [];
