import type { Answer } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import type { Decision } from './decision.ts';
import type { Entry } from './entry.ts';
import { crossingView, entryView } from './views.ts';

/** The answer to a caller. */
export function answerOf(partition: number, decision: Decision): Answer {
  const { outcome, account, entries, available, hold, state, problem } = decision;
  const crossings = entries.flatMap((entry) => entry.crossings.map(crossingView));
  return {
    outcome,
    replayed: false,
    account,
    ...(entries.length > 0 ? { entry: requestEntryView(partition, entries) } : {}),
    ...(available === undefined ? {} : { available: available === null ? null : String(available) }),
    ...(hold ? { hold } : {}),
    ...(state ? { state } : {}),
    ...(crossings.length > 0 ? { crossings } : {}),
    ...(problem ? { problem } : {}),
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
