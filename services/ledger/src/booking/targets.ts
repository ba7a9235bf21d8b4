import type { Account } from '../domain/account/account.ts';
import { lotNumbered } from '../domain/account/open-lots.ts';
import type { Entry } from '../domain/entry.ts';
import type { Journal } from '../domain/journal.ts';
import type { Target, Targets } from '../domain/target.ts';
import { movedLot } from '../domain/target.ts';
import { identityOf } from './identity.ts';
import type { Loaded } from './load-batch.ts';

/** What corrections and withdrawals refer to: entries of the books as they were loaded, and those of this batch. */
export class BatchTargets implements Targets {
  readonly #journal: Journal;
  readonly #loaded: Loaded;

  constructor(journal: Journal, loaded: Loaded) {
    this.#journal = journal;
    this.#loaded = loaded;
  }

  entry(seq: number): Target | undefined {
    const target =
      this.#loaded.targets.get(seq) ??
      this.#fromBatch(this.#journal.entries.find((entry) => entry.partitionSeq === seq));
    return target && this.#asCorrected(target);
  }

  request(account: string, source: string, id: string): readonly Target[] {
    const inBatch = this.#journal.entries.filter(
      (entry) => entry.account === account && entry.source === source && entry.requestId === id,
    );
    const stored = this.#loaded.requestTargets.get(identityOf({ account, cause: { source, id } })) ?? [];
    return [...stored, ...inBatch.flatMap((entry) => this.#fromBatch(entry) ?? [])].map((target) =>
      this.#asCorrected(target),
    );
  }

  /** Adds what this batch gave back of it; a withdrawn correction counts the other way. */
  #asCorrected(target: Target): Target {
    let moved = 0n;
    for (const entry of this.#journal.entries) if (entry.corrects === target.partitionSeq) moved += entry.amount;
    return { ...target, corrected: target.corrected + (target.amount < 0n ? moved : -moved) };
  }

  #fromBatch(entry: Entry | undefined): Target | undefined {
    return entry && targetOf(entry, this.#journal.entries, this.#loaded.accounts.get(entry.account) ?? null);
  }
}

/** An entry of a batch as a target of a later record of it. `committed`: its account as it was before the batch. */
function targetOf(entry: Entry, entries: readonly Entry[], committed: Account | null): Target {
  const before =
    entries.find((one) => one.ref === entry.ref && one.seq === entry.seq - 1)?.heldAfter ?? committed?.held ?? 0n;
  const termsBefore =
    entries.findLast((one) => one.ref === entry.ref && one.seq < entry.seq && one.terms !== null)?.terms ??
    committed?.terms;
  const opened = entries
    .flatMap((one) => (one.ref === entry.ref ? one.lotRows : []))
    .find(({ lot }) => lot === entry.lot);
  const row = opened ?? (committed && entry.lot !== null ? lotNumbered(committed.lots, entry.lot) : undefined);
  return {
    partitionSeq: entry.partitionSeq,
    account: entry.account,
    source: entry.source,
    requestId: entry.requestId,
    ordinal: entry.ordinal,
    kind: entry.kind,
    amount: entry.amount,
    corrected: 0n,
    expired: expiredWith(entry, entries),
    lot:
      entry.lot === null || !movedLot(entry)
        ? null
        : {
            lot: entry.lot,
            priority: row?.priority ?? 100,
            expiresMs: row?.expiresMs ?? null,
            purchased: row?.purchased ?? false,
          },
    hold: entry.hold,
    extended: entry.kind === 'extended' ? entry.heldAfter - before : 0n,
    corrects: entry.corrects,
    periodStartMs: entry.periodStartMs,
    occurredMs: entry.occurredMs,
    recordedMs: entry.recordedMs,
    model: modelOfRequest(entry, entries),
    covered: entry.contra === 'goodwill',
    counted: null,
    priced: null,
    statusBefore: termsBefore?.status ?? 'active',
    settings: entry.terms && termsBefore ? { before: termsBefore.settings, after: entry.terms.settings } : null,
    budgets: entries
      .filter((one) => one.kind === 'budgeted' && isBeside(one, entry))
      .map((one) => ({ id: one.account, periodStartMs: one.periodStartMs, counted: null, priced: null })),
  };
}

/** The model that the request of an entry named; its first entry keeps it. */
export const modelOfRequest = (entry: Entry, entries: readonly Entry[]): string | null =>
  entries.find(
    (one) =>
      one.ref === entry.ref && one.ordinal === 0 && one.source === entry.source && one.requestId === entry.requestId,
  )?.rate?.inputs['model'] ?? null;

/** What of a corrected entry's lot expired with the same record. */
export function expiredWith(entry: Entry, entries: readonly Entry[]): bigint {
  let expired = 0n;
  if (entry.kind !== 'corrected') return expired;
  for (const one of entries)
    if (one.kind === 'expired' && one.ref === entry.ref && one.offset === entry.offset && one.lot === entry.lot)
      expired -= one.amount;
  return expired;
}

/** Budget rows follow the entries of their record: one per budget, however many lots were burned. */
const isBeside = (budget: Entry, entry: Entry): boolean =>
  budget.offset === entry.offset && budget.partitionSeq > entry.partitionSeq;
