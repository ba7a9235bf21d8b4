import type { HoldView } from '@tollgate/contracts';

import { boundsRefusal } from '../account/bounds.ts';
import { termsRefusal } from '../account/package-terms.ts';
import { existing } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import type { Past } from '../past.ts';
import { budgetsAt } from '../posting/budgets.ts';
import { booked, tieredState } from '../posting/close.ts';
import { bookDueLots } from '../posting/due-lots.ts';
import { endingOf, noteEnded, rowOf } from '../posting/hold-end.ts';
import { postUse } from '../posting/use.ts';
import { formatHoldId } from '../request/ids.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { amountOf, modelOf } from '../usage-amount.ts';
import { holdView } from '../views.ts';
import { openHold } from './open-hold.ts';

type Settle = CommandOf<'settle'>;

/**
 * Spends what a hold has reserved. Settling less gives the rest back; settling more takes it from what is available
 * (or, by the terms, from overdraft), else the hold stays open. A hold that is over is settled as by a spend where that
 * was asked for: what was delivered is booked, once.
 */
export function decideSettle(journal: Journal, request: Request, command: Settle, past: Past): Outcome {
  if (command.of !== null && command.of !== request.account)
    return new Refusal('HOLD_UNKNOWN', 'the account has no such hold');
  const over = journal.endedHold(formatHoldId(command.hold)) ?? past.endedHolds(command.hold);
  if (command.spendIfOver && (over?.status === 'expired' || over?.status === 'released'))
    return settleOver(journal, request, command, over);
  const found = openHold(journal, request.account, command.hold, past.endedHolds);
  if (found instanceof Refusal) return found;
  const { account, hold } = found;
  const notAllowed = termsRefusal(account, command.terms, journal.nowMs);
  if (notAllowed) return notAllowed;
  const usage = amountOf(journal, account, command);
  if (usage instanceof Refusal) return usage;
  const { amount, rate } = usage;
  const { cause } = request;
  const model = modelOf(command);
  const ending = endingOf(account, hold, 'settled', amount);
  const { freed } = ending;
  const overdraft = command.terms?.overdraft;
  const tooMuch = boundsRefusal(journal, account, amount, { freed, overdraft, model, models: amount <= freed });
  if (tooMuch) return tooMuch;
  const entries = postUse(journal, account.id, {
    kind: 'settled',
    cause,
    amount,
    rate,
    model,
    held: -ending.given,
    hold: hold.hold,
    holdRows: ending.rows,
    budgets: budgetsAt(journal, hold.budgets, cause.occurredMs),
  });
  bookDueLots(journal, account.id);
  const view = holdView(journal.partition, account, { ...hold, amount: freed, status: 'settled', settled: amount });
  noteEnded(journal, account, ending.children, view);
  return booked(journal, entries, { hold: view, ...tieredState(journal, account.id) });
}

/** Books usage whose hold is over: taken from the account as it is, and the hold is settled with it, so only once. */
function settleOver(journal: Journal, request: Request, command: Settle, over: HoldView): Outcome {
  const account = existing(journal, request.account);
  if (account instanceof Refusal) return account;
  const notAllowed = termsRefusal(account, command.terms, journal.nowMs);
  if (notAllowed) return notAllowed;
  const usage = amountOf(journal, account, command);
  if (usage instanceof Refusal) return usage;
  const { amount, rate } = usage;
  const model = modelOf(command);
  const tooMuch = boundsRefusal(journal, account, amount, { overdraft: command.terms?.overdraft, model });
  if (tooMuch) return tooMuch;
  const hold = {
    hold: command.hold.hold,
    amount: BigInt(over.amount),
    expiresMs: Date.parse(over.expires_at),
    parent: null,
    budgets: [],
  };
  const entries = postUse(journal, account.id, {
    kind: 'settled',
    cause: request.cause,
    amount,
    rate,
    model,
    hold: hold.hold,
    holdRows: [{ ...rowOf(hold), outcome: 'settled', settled: amount }],
  });
  const view = holdView(journal.partition, account, { ...hold, status: 'settled', settled: amount });
  noteEnded(journal, account, [], view);
  return booked(journal, entries, { hold: view, ...tieredState(journal, account.id) });
}
