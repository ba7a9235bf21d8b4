import type { Answer, HoldView } from '@tollgate/contracts';
import { recordHeaders } from '@tollgate/contracts';
import { ancestorsOf, AppError, invariant } from '@tollgate/kernel';
import type { LogRecord } from '@tollgate/messaging';

import type { Account } from '../domain/account/account.ts';
import { lotNumbered } from '../domain/account/open-lots.ts';
import type { Target } from '../domain/commands/correct.ts';
import { movedLot } from '../domain/commands/correct.ts';
import { decide } from '../domain/decide.ts';
import type { Decided } from '../domain/decided.ts';
import { answerOf } from '../domain/decided.ts';
import { bookDue } from '../domain/due.ts';
import type { Entry } from '../domain/entry.ts';
import { Book } from '../domain/journal.ts';
import type { Request } from '../domain/request/request.ts';
import { readRequest } from '../domain/request/request.ts';
import type { PartitionBooks } from './partition-books.ts';
import type { DeadLetterRow, FirstAnswer, Identity, RefusalRow } from './ports.ts';
import type { AnsweredRefusal } from './refusal-log.ts';

/** Timers booked by one tick: a month's end with 100,000 resets must not stop a spend (rule 16). */
export const timersPerTick = 500;

/** A record of the log, read. */
export type ReadRecord = {
  readonly record: LogRecord;
  /** max(previous, record): never goes back (rule 1). */
  readonly timeMs: number;
  /** null: poison. `account` is filled in where the request named a hold or an entry. */
  request: Request | null;
  readonly poison: string | null;
  readonly replyTo: string | undefined;
  readonly waiter: number;
};

/** What must be in memory before a batch can be decided without waiting. */
export type Loaded = {
  readonly accounts: ReadonlyMap<string, Account | null>;
  readonly idByRef: ReadonlyMap<number, string>;
  readonly known: ReadonlyMap<string, FirstAnswer | null>;
  readonly endedHolds: ReadonlyMap<string, HoldView>;
  readonly targets: ReadonlyMap<number, Target>;
  readonly requestTargets: ReadonlyMap<string, readonly Target[]>;
};

export type Verdict = { readonly replyTo: string; readonly waiter: number; readonly answer: Answer };

export type BatchResult = {
  readonly book: Book;
  readonly verdicts: readonly Verdict[];
  readonly recent: readonly { readonly identity: string; readonly first: FirstAnswer }[];
  readonly refusals: readonly RefusalRow[];
  /** Refusals of accounts that exist, which somebody waits for: kept beside the books. */
  readonly answeredRefusals: readonly AnsweredRefusal[];
  readonly deadLetters: readonly DeadLetterRow[];
  /** Clock records whose answers wait until every timer due is booked. */
  readonly clocks: readonly { readonly replyTo: string; readonly waiter: number; readonly timeMs: number }[];
  readonly ticks: number;
  /** Identities that must be looked up before the answers are right (rule 10); the batch is then decided again. */
  readonly lookUp: readonly string[];
  readonly swept: ReturnType<PartitionBooks['timers']['peek']>[number] | null;
};

export function readRecords(records: readonly LogRecord[], lastTimeMs: number): ReadRecord[] {
  let timeMs = lastTimeMs;
  return records.map((record) => {
    timeMs = record.timeMs > timeMs ? record.timeMs : timeMs;
    const waiter = record.headers[recordHeaders.waiter];
    const common = {
      record,
      timeMs,
      replyTo: record.headers[recordHeaders.replyTo],
      waiter: waiter === undefined ? -1 : Number(waiter),
    };
    try {
      return { ...common, request: readRequest(record.value, timeMs), poison: null };
    } catch (error) {
      // Reading depends on the record alone: whatever it stumbles over is the record's fault (rule 13).
      const reason =
        error instanceof AppError ? `${error.code}: ${error.message}` : `REQUEST_INVALID: ${String(error)}`;
      return { ...common, request: null, poison: reason };
    }
  });
}

/** Between the parts of an identity: NUL is the one character that no text in the books has (rule 13). */
const between = '\u0000';
export const identityOf = (request: {
  readonly account: string;
  readonly cause: { readonly source: string; readonly id: string };
}): string => `${request.account}${between}${request.cause.source}${between}${request.cause.id}`;

/** The parts that `identityOf` joined. */
export function identityIn(text: string): Identity {
  const [account = '', source = '', id = ''] = text.split(between);
  return { account, source, id };
}

/** Accounts a request reads or writes: its own and every ancestor. */
export function accountsOf(request: Request): readonly string[] {
  if (request.account === '') return [];
  return request.account.includes('/') ? [request.account, ...ancestorsOf(request.account)] : [request.account];
}

/**
 * Decides the records of one batch in order, on a book of its own. Deterministic: the entries depend on the records and
 * the committed state alone, not on where the batch begins or ends (rule 9).
 */
export function decideBatch(books: PartitionBooks, records: readonly ReadRecord[], loaded: Loaded): BatchResult {
  const run = new BatchRun(books, loaded);
  for (const record of records) run.record(record);
  return run.result();
}

/** An account that nobody thought of loading must not pass for one that does not exist. */
function committedAccount(loaded: Loaded, id: string): Account | undefined {
  const account = loaded.accounts.get(id);
  invariant(account !== undefined, `the account ${id} was not loaded before deciding`);
  return account ?? undefined;
}

class BatchRun {
  readonly #books: PartitionBooks;
  readonly #loaded: Loaded;
  readonly #book: Book;
  readonly #inBatch = new Map<string, Decided>();
  readonly #recent: { identity: string; first: FirstAnswer }[] = [];
  readonly #verdicts: Verdict[] = [];
  readonly #refusals: RefusalRow[] = [];
  readonly #answeredRefusals: AnsweredRefusal[] = [];
  readonly #deadLetters: DeadLetterRow[] = [];
  readonly #clocks: { replyTo: string; waiter: number; timeMs: number }[] = [];
  readonly #lookUp: string[] = [];
  #ticks = 0;
  #timed = 0;
  #swept: BatchResult['swept'] = null;

  constructor(books: PartitionBooks, loaded: Loaded) {
    this.#books = books;
    this.#loaded = loaded;
    const { partition, lastSeq, lastAccount } = books.position;
    this.#book = new Book({ partition, lastSeq, lastRef: lastAccount, catalog: books.catalog }, (id) =>
      committedAccount(loaded, id),
    );
  }

  record(read: ReadRecord): void {
    this.#book.nowMs = read.timeMs;
    this.#book.offset = read.record.offset;
    if (!read.request) this.#poison(read);
    else if (read.request.ask.type === 'tick' || read.request.ask.type === 'clock')
      this.#tick(read, read.request.ask.type);
    else this.#request(read, this.#named(read.request));
    this.#queueTimers();
  }

  result(): BatchResult {
    return {
      book: this.#book,
      verdicts: this.#verdicts,
      recent: this.#recent,
      refusals: this.#refusals,
      answeredRefusals: this.#answeredRefusals,
      deadLetters: this.#deadLetters,
      clocks: this.#clocks,
      ticks: this.#ticks,
      lookUp: this.#lookUp,
      swept: this.#swept,
    };
  }

  /**
   * After a crash the opening of an account or hold and a request that names it can be in one batch: its account is
   * known by now.
   */
  #named(request: Request): Request {
    const { ask } = request;
    if (request.account !== '') return request;
    let account: string | undefined;
    if ('hold' in ask && ask.hold.partition === this.#book.partition) account = this.#idOf(ask.hold.ref);
    else if ('entry' in ask && ask.entry.partition === this.#book.partition)
      account = this.#target(ask.entry.seq)?.account;
    return account === undefined ? request : { ...request, account };
  }

  #request(read: ReadRecord, request: Request): void {
    const identity = identityOf(request);
    const here = this.#inBatch.get(identity);
    if (here)
      return this.#repeat(read, request, identity, {
        hash: here.entries[0]?.hash ?? null,
        answer: null,
        decided: here,
      });
    const first = this.#books.recent(identity) ?? this.#loaded.known.get(identity);
    if (first) return this.#repeat(read, request, identity, first);
    const decided = decide(this.#book, request, {
      targets: {
        entry: (seq) => this.#target(seq),
        request: (account, source, id) => this.#requestTargets(account, source, id),
      },
      endedHolds: (id) => this.#loaded.endedHolds.get(`${id.ref}-${id.hold}`),
    });
    const answer = read.replyTo === undefined ? null : answerOf(this.#book.partition, decided);
    if (decided.outcome === 'booked') {
      this.#inBatch.set(identity, decided);
      this.#noteWithdrawn(request, decided);
      // What nobody waited for is not kept: its repetition is found by the once-only constraint, and looked up from
      // then on.
      if (request.keyed && answer) this.#recent.push({ identity, first: { hash: request.cause.hash, answer } });
    } else if (request.keyed && this.#loaded.known.get(identity) === undefined) {
      this.#lookUp.push(identity);
    }
    if (answer && read.replyTo !== undefined) {
      this.#verdicts.push({ replyTo: read.replyTo, waiter: read.waiter, answer });
      if (decided.outcome === 'refused') this.#answeredRefusal(request, decided);
    }
    if (!answer && decided.outcome === 'refused' && request.ask.type !== 'withdraw') this.#refused(request, decided);
  }

  /** What was taken back before it came is a duplicate when it comes, in this batch too (rule 23). */
  #noteWithdrawn({ account, ask }: Request, decided: Decided): void {
    if (
      ask.type !== 'withdraw' ||
      !decided.entries.some(({ source, requestId }) => source === ask.source && requestId === ask.id)
    )
      return;
    this.#inBatch.set(identityOf({ account, cause: { source: ask.source, id: ask.id } }), decided);
  }

  /** A known request gets its first answer; the same id with other content is refused (rule 10). */
  #repeat(
    read: ReadRecord,
    request: Request,
    identity: string,
    first: FirstAnswer & { readonly decided?: Decided },
  ): void {
    const reused = first.hash !== null && request.cause.hash !== null && first.hash !== request.cause.hash;
    if (read.replyTo === undefined) {
      if (reused) this.#refused(request, reusedDecision(request.account));
      return;
    }
    if (reused) this.#answeredRefusal(request, reusedDecision(request.account));
    let answer = reused ? answerOf(this.#book.partition, reusedDecision(request.account)) : first.answer;
    if (!answer && first.decided) answer = answerOf(this.#book.partition, first.decided);
    if (!answer) {
      // Seen lately without anybody waiting: the answer is in the books.
      if (this.#loaded.known.get(identity) === undefined) this.#lookUp.push(identity);
      answer = this.#loaded.known.get(identity)?.answer ?? null;
    }
    if (!answer) return;
    this.#verdicts.push({
      replyTo: read.replyTo,
      waiter: read.waiter,
      answer: reused ? answer : { ...answer, replayed: true },
    });
  }

  /**
   * What strangers ask of accounts that do not exist is not kept, nor what the gateway asks again with the right terms.
   */
  #answeredRefusal({ account, cause, ask, correlation }: Request, { problem }: Decided): void {
    if (
      !problem ||
      problem.code === 'PACKAGE_CHANGED' ||
      ask.type === 'withdraw' ||
      account === '' ||
      !this.#book.find(account)
    )
      return;
    this.#answeredRefusals.push({
      partition: this.#book.partition,
      account,
      source: cause.source,
      id: cause.id,
      type: ask.type,
      code: problem.code,
      detail: problem.detail,
      bound: problem.refusal ?? null,
      correlation,
      refusedMs: this.#book.nowMs,
    });
  }

  #refused(request: Request, decided: Decided): void {
    const { code = 'INVARIANT_BROKEN', detail = '' } = decided.problem ?? {};
    this.#refusals.push({
      offset: this.#book.offset,
      account: request.account,
      source: request.cause.source,
      id: request.cause.id,
      type: request.ask.type,
      code,
      detail,
      refusedMs: this.#book.nowMs,
    });
  }

  #poison(read: ReadRecord): void {
    const { record } = read;
    const reason = read.poison ?? 'unreadable';
    this.#deadLetters.push({
      offset: record.offset,
      reason: storable(reason),
      key: storable(record.key),
      value: storable(record.value),
      headers: storable(JSON.stringify(record.headers)),
      recordedMs: read.timeMs,
    });
    if (read.replyTo === undefined) return;
    const problem = { code: 'REQUEST_INVALID', detail: reason };
    this.#verdicts.push({
      replyTo: read.replyTo,
      waiter: read.waiter,
      answer: { outcome: 'refused', replayed: false, account: '', problem },
    });
  }

  /** Books timers of any account, in the order they are due, at most `timersPerTick`. */
  #tick(read: ReadRecord, type: 'tick' | 'clock'): void {
    const due = this.#books.timers.peek(read.timeMs, timersPerTick);
    this.#books.timers.take(due.length);
    for (const timer of due) {
      const id = this.#idOf(timer.ref);
      if (id !== undefined) bookDue(this.#book, id);
    }
    this.#swept = due.at(-1) ?? this.#swept;
    if (type === 'tick') this.#ticks++;
    else if (read.replyTo !== undefined)
      this.#clocks.push({ replyTo: read.replyTo, waiter: read.waiter, timeMs: read.timeMs });
  }

  #idOf(ref: number): string | undefined {
    const known = this.#loaded.idByRef.get(ref) ?? this.#books.idOf(ref);
    if (known !== undefined) return known;
    for (const account of this.#book.changed()) if (account.ref === ref) return account.id;
    return undefined;
  }

  #queueTimers(): void {
    const { entries } = this.#book;
    for (; this.#timed < entries.length; this.#timed++)
      for (const timer of entries[this.#timed]?.timers ?? []) this.#books.timers.add(timer);
  }

  #target(seq: number): Target | undefined {
    const stored =
      this.#loaded.targets.get(seq) ?? this.#targetHere(this.#book.entries.find((entry) => entry.partitionSeq === seq));
    return stored && this.#asCorrected(stored);
  }

  #requestTargets(account: string, source: string, id: string): readonly Target[] {
    const here = this.#book.entries.filter(
      (entry) => entry.account === account && entry.source === source && entry.requestId === id,
    );
    const stored = this.#loaded.requestTargets.get(identityOf({ account, cause: { source, id } })) ?? [];
    return [...stored, ...here.flatMap((entry) => this.#targetHere(entry) ?? [])].map((target) =>
      this.#asCorrected(target),
    );
  }

  /** With what this batch gave back of it; a withdrawn correction counts the other way. */
  #asCorrected(target: Target): Target {
    let moved = 0n;
    for (const entry of this.#book.entries) if (entry.corrects === target.partitionSeq) moved += entry.amount;
    return { ...target, corrected: target.corrected + (target.amount < 0n ? moved : -moved) };
  }

  #targetHere(entry: Entry | undefined): Target | undefined {
    if (!entry) return undefined;
    return targetOf(entry, this.#book.entries, this.#loaded.accounts.get(entry.account) ?? null);
  }
}

/**
 * An entry of this very batch as a target of a later record in it; `committed`: its account as it was before the batch.
 */
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

/** Budget rows follow the entries of their record, once for all of them however many lots it burned. */
const isBeside = (budget: Entry, entry: Entry): boolean =>
  budget.offset === entry.offset && budget.partitionSeq > entry.partitionSeq;

const reusedDecision = (account: string): Decided => ({
  outcome: 'refused',
  account,
  entries: [],
  problem: { code: 'IDEMPOTENCY_KEY_REUSED', detail: 'the same id was used before for a request with other content' },
});

/** Text that PostgreSQL takes: what it refuses is shown, not lost. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\\u0000');
