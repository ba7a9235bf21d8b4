import type { AnswerProblem } from '@tollgate/contracts';
import { invariant } from '@tollgate/kernel';

import type { Account } from '../domain/account/account.ts';
import { answerOf } from '../domain/answer.ts';
import { decide } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import { bookDue } from '../domain/due.ts';
import type { Timer } from '../domain/entry.ts';
import { Journal } from '../domain/journal.ts';
import type { Past } from '../domain/past.ts';
import type { Request } from '../domain/request/request.ts';
import { BatchAnswers } from './batch-answers.ts';
import { identityOf } from './identity.ts';
import type { Loaded } from './load-batch.ts';
import type { WaitingClock } from './owned-partition.ts';
import type { PartitionState } from './partition-state.ts';
import type { FirstAnswer } from './ports.ts';
import type { ReadRecord } from './read-records.ts';
import { BatchTargets } from './targets.ts';
import { timersPerTick } from './timer-queue.ts';

export type BatchResult = Pick<BatchAnswers, 'answers' | 'refusals' | 'answeredRefusals' | 'deadLetters'> & {
  readonly journal: Journal;
  /** Keyed requests that were booked, to be remembered with their answers. */
  readonly recent: readonly { readonly identity: string; readonly first: FirstAnswer }[];
  /** Clock records whose answers wait until every timer due is booked. */
  readonly clocks: readonly WaitingClock[];
  /** Identities that must be looked up before the answers are right (rule 10); the batch is then decided again. */
  readonly lookUp: readonly string[];
  /** The last timer that ticks booked; null: none. */
  readonly swept: Timer | null;
};

/**
 * Decides the records of one batch in order, on a journal of its own. Deterministic: the entries depend on the records
 * and the committed state alone, not on where the batch begins or ends (rule 9).
 */
export function decideBatch(state: PartitionState, records: readonly ReadRecord[], loaded: Loaded): BatchResult {
  const run = new BatchRun(state, loaded);
  for (const record of records) run.record(record);
  return run.result();
}

/** An account that was not loaded must not pass for one that does not exist. */
function committedAccount(loaded: Loaded, id: string): Account | undefined {
  const account = loaded.accounts.get(id);
  invariant(account !== undefined, `the account ${id} was not loaded before deciding`);
  return account ?? undefined;
}

class BatchRun {
  readonly #state: PartitionState;
  readonly #loaded: Loaded;
  readonly #journal: Journal;
  readonly #past: Past;
  readonly #out: BatchAnswers;
  readonly #booked = new Map<string, Decision>();
  readonly #recent: { identity: string; first: FirstAnswer }[] = [];
  readonly #clocks: WaitingClock[] = [];
  readonly #lookUp: string[] = [];
  /** How many of the journal's entries have their timers in the queue. */
  #queued = 0;
  #swept: Timer | null = null;

  constructor(state: PartitionState, loaded: Loaded) {
    this.#state = state;
    this.#loaded = loaded;
    const { partition, lastSeq, lastAccount } = state.position;
    this.#journal = new Journal({ partition, lastSeq, lastRef: lastAccount, catalog: state.catalog }, (id) =>
      committedAccount(loaded, id),
    );
    this.#past = {
      targets: new BatchTargets(this.#journal, loaded),
      endedHolds: (id) => loaded.endedHolds.get(`${id.ref}-${id.hold}`),
    };
    this.#out = new BatchAnswers(this.#journal);
  }

  record(read: ReadRecord): void {
    const { request } = read;
    this.#journal.nowMs = read.timeMs;
    this.#journal.offset = read.record.offset;
    if (!request) this.#out.deadLetter(read);
    else if (request.command.type === 'tick' || request.command.type === 'clock')
      this.#tick(read, request.command.type);
    else this.#request(read, this.#named(request));
    this.#queueTimers();
  }

  result(): BatchResult {
    const { answers, refusals, answeredRefusals, deadLetters } = this.#out;
    return {
      journal: this.#journal,
      answers,
      refusals,
      answeredRefusals,
      deadLetters,
      recent: this.#recent,
      clocks: this.#clocks,
      lookUp: this.#lookUp,
      swept: this.#swept,
    };
  }

  /**
   * The account of a request that names a hold or an entry only. After a crash it can be opened in the same batch, so
   * that it was not known when the batch was loaded.
   */
  #named(request: Request): Request {
    if (request.account !== '') return request;
    const { command } = request;
    const { partition } = this.#journal;
    let account: string | undefined;
    if ('hold' in command && command.hold.partition === partition) account = this.#idOf(command.hold.ref);
    else if ('entry' in command && command.entry.partition === partition)
      account = this.#past.targets.entry(command.entry.seq)?.account;
    return account === undefined ? request : { ...request, account };
  }

  #request(read: ReadRecord, request: Request): void {
    const identity = identityOf(request);
    const booked = this.#booked.get(identity);
    if (booked) return this.#repeatInBatch(read, request, booked);
    const first = this.#state.recent(identity) ?? this.#loaded.known.get(identity);
    if (first) return this.#repeat(read, request, first);
    const decision = decide(this.#journal, request, this.#past);
    const answer = read.replyTo === undefined ? null : answerOf(this.#journal.partition, decision);
    if (decision.outcome === 'booked') {
      this.#booked.set(identity, decision);
      this.#noteWithdrawn(request, decision);
      // What nobody waited for is not kept: its repetition violates the once-only constraint, and is looked up then.
      if (request.keyed && answer) this.#recent.push({ identity, first: { hash: request.cause.hash, answer } });
    } else if (request.keyed && this.#loaded.known.get(identity) === undefined) {
      this.#lookUp.push(identity);
    }
    if (answer) this.#out.answer(read, answer);
    if (decision.problem && (answer || request.command.type !== 'withdraw'))
      this.#out.refused(read, request, decision.problem);
  }

  /** A request that was withdrawn before it came is a duplicate when it comes, in this batch too (rule 23). */
  #noteWithdrawn({ account, command }: Request, decision: Decision): void {
    if (command.type !== 'withdraw') return;
    const { source, id } = command;
    if (decision.entries.some((entry) => entry.source === source && entry.requestId === id))
      this.#booked.set(identityOf({ account, cause: { source, id } }), decision);
  }

  /** A known request gets its first answer; the same id with other content is refused (rule 10). */
  #repeat(read: ReadRecord, request: Request, first: FirstAnswer): void {
    if (isReused(request, first.hash)) return this.#reused(read, request);
    if (read.replyTo === undefined) return;
    let { answer } = first;
    if (!answer) {
      // Seen lately without anybody waiting: the answer is in the books.
      const identity = identityOf(request);
      const known = this.#loaded.known.get(identity);
      if (known === undefined) this.#lookUp.push(identity);
      answer = known?.answer ?? null;
    }
    if (answer) this.#out.answer(read, { ...answer, replayed: true });
  }

  #repeatInBatch(read: ReadRecord, request: Request, booked: Decision): void {
    if (isReused(request, booked.entries[0]?.hash ?? null)) return this.#reused(read, request);
    if (read.replyTo !== undefined)
      this.#out.answer(read, { ...answerOf(this.#journal.partition, booked), replayed: true });
  }

  #reused(read: ReadRecord, request: Request): void {
    const { account } = request;
    this.#out.answer(read, { outcome: 'refused', replayed: false, account, problem: reused });
    this.#out.refused(read, request, reused);
  }

  /** Books timers of any account, in the order they are due, at most `timersPerTick`. */
  #tick(read: ReadRecord, type: 'tick' | 'clock'): void {
    const due = this.#state.timers.peek(read.timeMs, timersPerTick);
    this.#state.timers.take(due.length);
    for (const timer of due) {
      const id = this.#idOf(timer.ref);
      if (id !== undefined) bookDue(this.#journal, id);
    }
    this.#swept = due.at(-1) ?? this.#swept;
    const { replyTo, waiter, timeMs } = read;
    if (type === 'clock' && replyTo !== undefined) this.#clocks.push({ replyTo, waiter, timeMs });
  }

  #idOf(ref: number): string | undefined {
    const known = this.#loaded.idByRef.get(ref) ?? this.#state.idOf(ref);
    if (known !== undefined) return known;
    for (const account of this.#journal.changed()) if (account.ref === ref) return account.id;
    return undefined;
  }

  #queueTimers(): void {
    const { entries } = this.#journal;
    for (; this.#queued < entries.length; this.#queued++)
      for (const timer of entries[this.#queued]?.timers ?? []) this.#state.timers.add(timer);
  }
}

const isReused = ({ cause }: Request, firstHash: string | null): boolean =>
  firstHash !== null && cause.hash !== null && firstHash !== cause.hash;

const reused: AnswerProblem = {
  code: 'IDEMPOTENCY_KEY_REUSED',
  detail: 'the same id was used before for a request with other content',
};
