import type { Answer, AnswerProblem } from '@tollgate/contracts';

import type { Journal } from '../domain/journal.ts';
import type { Request } from '../domain/request/request.ts';
import type { DeadLetterRow, RefusalRow } from './ports.ts';
import type { ReadRecord } from './read-records.ts';
import type { AnsweredRefusal } from './refusal-log.ts';

/** Answers by the reply address of the gateway that waits for them; numbers tell its waiting callers apart. */
export type Answers = ReadonlyMap<string, readonly (readonly [waiter: number, answer: Answer])[]>;

/** What a batch says beside its entries: answers, refusals and dead letters. */
export class BatchAnswers {
  readonly answers = new Map<string, [number, Answer][]>();
  /** Refusals that nobody waits for; they commit with the position (rule 25). */
  readonly refusals: RefusalRow[] = [];
  /** Refusals of accounts that exist, which somebody waits for: kept beside the books. */
  readonly answeredRefusals: AnsweredRefusal[] = [];
  readonly deadLetters: DeadLetterRow[] = [];
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Answers the caller that waits for a record, if one does. */
  answer({ replyTo, waiter }: ReadRecord, answer: Answer): void {
    if (replyTo === undefined) return;
    const known = this.answers.get(replyTo);
    if (known) known.push([waiter, answer]);
    else this.answers.set(replyTo, [[waiter, answer]]);
  }

  refused(read: ReadRecord, request: Request, problem: AnswerProblem): void {
    if (read.replyTo !== undefined) this.#keepAnswered(request, problem);
    else this.#keep(request, problem);
  }

  /** A record that cannot be read or stored is put aside with its reason, and its caller is told (rule 13). */
  deadLetter(read: ReadRecord): void {
    const { record } = read;
    const reason = read.poison ?? 'unreadable';
    this.deadLetters.push({
      offset: record.offset,
      reason: storable(reason),
      key: storable(record.key),
      value: storable(record.value),
      headers: storable(JSON.stringify(record.headers)),
      recordedMs: read.timeMs,
    });
    const problem = { code: 'REQUEST_INVALID', detail: reason };
    this.answer(read, { outcome: 'refused', replayed: false, account: '', problem });
  }

  #keep({ account, cause, command }: Request, { code, detail }: AnswerProblem): void {
    this.refusals.push({
      offset: this.#journal.offset,
      account,
      source: cause.source,
      id: cause.id,
      type: command.type,
      code,
      detail,
      refusedMs: this.#journal.nowMs,
    });
  }

  /** Not kept: requests about accounts that do not exist, and those that the gateway repeats with the right terms. */
  #keepAnswered({ account, cause, command, correlation }: Request, problem: AnswerProblem): void {
    const { code, detail, refusal } = problem;
    if (code === 'PACKAGE_CHANGED' || command.type === 'withdraw') return;
    if (account === '' || !this.#journal.find(account)) return;
    this.answeredRefusals.push({
      partition: this.#journal.partition,
      account,
      source: cause.source,
      id: cause.id,
      type: command.type,
      code,
      detail,
      bound: refusal ?? null,
      correlation,
      refusedMs: this.#journal.nowMs,
    });
  }
}

/** Text that PostgreSQL takes: what it refuses is shown, not lost. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\\u0000');
