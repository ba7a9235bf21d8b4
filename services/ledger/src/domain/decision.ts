import type { AccountState, AnswerProblem, HoldView, LimitRefusal } from '@tollgate/contracts';
import type { ErrorCode } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';

import type { Entry } from './entry.ts';

/** What a rule answers when it does not allow a request: nothing of it is booked. */
export class Refusal {
  readonly problem: AnswerProblem;
  constructor(
    code: ErrorCode,
    detail: string,
    more: { readonly refusal?: LimitRefusal; readonly hold?: HoldView } = {},
  ) {
    this.problem = { code, detail, ...more };
  }
}

/** The refusal in an error that the shared arithmetic of prices throws; anything else is a defect and is thrown on. */
export function refusalIn(error: unknown): Refusal {
  if (error instanceof AppError && error.kind === 'invalid') return new Refusal(error.code, error.message);
  throw error;
}

type Result = {
  readonly account: string;
  /** Entries on the request's own account, in order; its budgets and timers aside. */
  readonly entries: readonly Entry[];
  readonly available?: bigint | null;
  readonly hold?: HoldView;
  readonly state?: AccountState;
};
export type Booked = Result & { readonly outcome: 'booked'; readonly problem?: never };
export type Unchanged = Result & { readonly outcome: 'unchanged'; readonly problem?: never };
export type Refused = Result & { readonly outcome: 'refused'; readonly problem: AnswerProblem };

/** What was decided about one request. */
export type Decision = Booked | Unchanged | Refused;
/** What a command comes to. */
export type Outcome = Booked | Unchanged | Refusal;
