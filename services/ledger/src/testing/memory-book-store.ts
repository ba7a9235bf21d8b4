import type { HoldView } from '@tollgate/contracts';

import { firstAnswerOf } from '../booking/first-answer.ts';
import type { BookStore, PartitionCommit, StoredPosition } from '../booking/ports.ts';
import { CommitError } from '../booking/ports.ts';
import { expiredWith, modelOfRequest } from '../booking/targets.ts';
import type { Account } from '../domain/account/account.ts';
import type { Entry } from '../domain/entry.ts';
import { evolve, openedBy } from '../domain/evolve.ts';
import type { HoldId } from '../domain/request/ids.ts';
import type { Target } from '../domain/target.ts';
import { movedLot } from '../domain/target.ts';
import { holdView } from '../domain/views.ts';

/**
 * The books of one partition in memory: what a commit brings is kept as entries only, each once (rule 11), and
 * accounts are folded from them.
 */
export class MemoryBookStore implements BookStore {
  readonly entries: Entry[] = [];
  position: StoredPosition = {
    partition: 0,
    epoch: 1,
    topicId: 't',
    logBase: 0,
    nextOffset: 0,
    lastTimeMs: 0,
    lastRecord: null,
    lastSeq: 0,
    lastAccount: 0,
    lastName: 0,
    timer: { dueMs: -1, ref: 0, kind: 'hold', object: 0 },
  };
  names = new Map<string, number>();
  #identities: ReadonlySet<string> = new Set<string>();

  async claim() {
    return { position: this.position, names: this.names, items: [] };
  }
  async setTopicId(): Promise<void> {}
  async positions() {
    return new Map([[0, this.position]]);
  }
  async timers(_partition: number, after: StoredPosition['timer'], limit: number) {
    const all = this.entries.flatMap(({ timers }) => timers);
    return all
      .filter((timer) => timer.dueMs > after.dueMs)
      .sort((a, b) => a.dueMs - b.dueMs)
      .slice(0, limit);
  }
  folded(): Map<number, Account> {
    const accounts = new Map<number, Account>();
    for (const entry of this.entries) {
      const account = accounts.get(entry.ref) ?? openedBy(entry, entry.opened?.openedMs ?? 0);
      accounts.set(entry.ref, account);
      evolve(account, entry);
    }
    return accounts;
  }
  async accounts(wanted: Parameters<BookStore['accounts']>[0]) {
    const ids = new Set(wanted.byId.map(({ id }) => id));
    const refs = new Set(wanted.byRef.map(({ ref }) => ref));
    return [...this.folded().values()]
      .filter((account) => ids.has(account.id) || refs.has(account.ref))
      .map((account) => ({ partition: 0, account }));
  }
  async firstAnswers(_partition: number, identities: Parameters<BookStore['firstAnswers']>[1]) {
    return identities.map(({ account, source, id }) =>
      firstAnswerOf(
        0,
        this.entries.filter((entry) => entry.account === account && entry.source === source && entry.requestId === id),
        undefined,
      ),
    );
  }
  async endedHolds(ids: Parameters<BookStore['endedHolds']>[0]) {
    return ids.map((id) => this.endedHold(id));
  }
  endedHold({ ref, hold }: HoldId): HoldView | undefined {
    const rows = this.entries
      .filter((entry) => entry.ref === ref)
      .flatMap((entry) => entry.holdRows.map((row) => ({ row, entry })))
      .filter(({ row }) => row.hold === hold);
    const last = rows.at(-1);
    return last && last.row.outcome !== 'open'
      ? holdView(0, { ref, id: last.entry.account }, { ...last.row, status: last.row.outcome })
      : undefined;
  }
  async targets(ids: Parameters<BookStore['targets']>[0]) {
    return ids.map(({ seq }) => this.target(seq));
  }
  target(seq: number): Target | undefined {
    return this.#target(this.entries.find(({ partitionSeq }) => partitionSeq === seq));
  }
  async requestTargets(_partition: number, { account, source, id }: Parameters<BookStore['requestTargets']>[1]) {
    return this.targetsOf(account, source, id);
  }
  targetsOf(account: string, source: string, id: string): readonly Target[] {
    return this.entries
      .filter((entry) => entry.account === account && entry.source === source && entry.requestId === id)
      .flatMap((entry) => this.#target(entry) ?? []);
  }
  async commit(group: readonly PartitionCommit[]): Promise<void> {
    const identities = new Set(this.#identities);
    for (const entry of group.flatMap(({ entries }) => entries)) {
      if (identities.has(onceOf(entry))) throw new CommitError({ why: 'duplicate', partition: 0 });
      identities.add(onceOf(entry));
    }
    this.#identities = identities;
    for (const { entries, to, names } of group) {
      this.entries.push(...entries);
      for (const { name, text } of names) this.names.set(text, name);
      this.position = to;
    }
  }

  #settings({ ref, seq, terms }: Entry): Target['settings'] {
    const before = this.entries.findLast((one) => one.ref === ref && one.seq < seq && one.terms !== null)?.terms;
    return terms && before ? { before: before.settings, after: terms.settings } : null;
  }

  #period({ ref, periodStartMs }: Entry): Pick<Target, 'counted' | 'priced'> {
    const own = this.entries.filter((one) => one.ref === ref);
    const counted = own
      .flatMap(({ counterRows }) => counterRows)
      .findLast(({ period }) => period !== null && period.startMs === periodStartMs);
    const crossing = own.flatMap(({ crossings }) => crossings).find((one) => one.periodStartMs === periodStartMs);
    return {
      counted: counted ?? null,
      priced: crossing ? { name: crossing.plan, version: crossing.planVersion } : null,
    };
  }

  #target(entry: Entry | undefined): Target | undefined {
    if (!entry) return undefined;
    const row = this.entries
      .filter(({ ref }) => ref === entry.ref)
      .flatMap(({ lotRows }) => lotRows)
      .find(({ lot }) => lot === entry.lot);
    let corrected = 0n;
    for (const one of this.entries) if (one.corrects === entry.partitionSeq) corrected += one.amount;
    const before = this.entries.find(({ ref, seq }) => ref === entry.ref && seq === entry.seq - 1);
    return {
      partitionSeq: entry.partitionSeq,
      account: entry.account,
      source: entry.source,
      requestId: entry.requestId,
      ordinal: entry.ordinal,
      kind: entry.kind,
      amount: entry.amount,
      corrected: corrected < 0n ? -corrected : corrected,
      expired: expiredWith(entry, this.entries),
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
      extended: entry.kind === 'extended' ? entry.heldAfter - (before?.heldAfter ?? 0n) : 0n,
      corrects: entry.corrects,
      periodStartMs: entry.periodStartMs,
      occurredMs: entry.occurredMs,
      recordedMs: entry.recordedMs,
      model: modelOfRequest(entry, this.entries),
      covered: entry.contra === 'goodwill',
      ...this.#period(entry),
      settings: this.#settings(entry),
      statusBefore:
        this.entries.findLast((one) => one.ref === entry.ref && one.seq < entry.seq && one.terms !== null)?.terms
          ?.status ?? 'active',
      budgets: this.entries
        .filter(
          (one) => one.kind === 'budgeted' && one.offset === entry.offset && one.partitionSeq > entry.partitionSeq,
        )
        .map((one) => ({ id: one.account, periodStartMs: one.periodStartMs, ...this.#period(one) })),
    };
  }
}

/** What the books' once-only constraint is about (rule 11). */
const onceOf = ({ ref, source, requestId, ordinal }: Entry): string =>
  JSON.stringify([ref, source, requestId, ordinal]);
