import type { AccountState, Answer, AnswerProblem, HoldView, LimitRefusal } from '@tollgate/contracts';
import type { ErrorCode } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';

import type { Entry } from './entry.ts';
import { crossingView, entryView } from './views.ts';

/** What was decided about one request, before it is put into words for the caller. */
export type Decision = {
  readonly outcome: Answer['outcome'];
  readonly account: string;
  /** Entries on the request's own account, in order; its budgets and timers aside. */
  readonly entries: readonly Entry[];
  readonly available?: bigint | null;
  readonly hold?: HoldView;
  readonly state?: AccountState;
  readonly problem?: AnswerProblem;
};

/** A refusal: thrown by the rules before anything is posted, so that it changes nothing; caught by `decide`. */
export class Refusal extends Error {
  readonly problem: AnswerProblem;
  constructor(
    code: ErrorCode,
    detail: string,
    more: { readonly refusal?: LimitRefusal; readonly hold?: HoldView } = {},
  ) {
    super(detail);
    this.problem = { code, detail, ...more };
  }
}

/** The refusal in a thrown error; anything else is a defect and is thrown on. */
export function problemOf(error: unknown): AnswerProblem {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof AppError && (error.kind === 'invalid' || error.kind === 'not_found'))
    return { code: error.code, detail: error.message };
  throw error;
}

export function answerOf(partition: number, decided: Decision): Answer {
  const first = decided.entries[0];
  const last = decided.entries.at(-1);
  const available = decided.available;
  const crossings = decided.entries.flatMap((entry) => entry.crossings.map(crossingView));
  return {
    outcome: decided.outcome,
    replayed: false,
    account: decided.account,
    ...(first && last ? { entry: requestEntryView(partition, decided.entries) } : {}),
    ...(available === undefined ? {} : { available: available === null ? null : String(available) }),
    ...(decided.hold ? { hold: decided.hold } : {}),
    ...(decided.state ? { state: decided.state } : {}),
    ...(crossings.length > 0 ? { crossings } : {}),
    ...(decided.problem ? { problem: decided.problem } : {}),
  };
}

/** A request's entries as one: the first names it, the amount is the total, the figures after it are the last one's. */
export function requestEntryView(partition: number, entries: readonly Entry[]) {
  const [first] = entries;
  const last = entries.at(-1);
  if (!first || !last) throw new AppError('bug', 'INVARIANT_BROKEN', 'a request without entries has no entry to show');
  const view = entryView(partition, first);
  if (first === last) return view;
  let amount = 0n;
  for (const entry of entries) amount += entry.amount;
  return {
    ...view,
    amount: String(amount),
    balance_after: String(last.balanceAfter),
    held_after: String(last.heldAfter),
    used_after: String(last.usedAfter),
  };
}
