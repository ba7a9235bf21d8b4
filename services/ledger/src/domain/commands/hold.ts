import { boundsRefusal } from '../account/bounds.ts';
import { holdNumbered } from '../account/open-holds.ts';
import { overdraftRefusal, termsRefusal } from '../account/package-terms.ts';
import { existing, useRefusal } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import { inCurrentPeriod, postBudgets } from '../posting/budgets.ts';
import { booked } from '../posting/close.ts';
import { openRow } from '../posting/hold-end.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { holdView } from '../views.ts';

/**
 * Reserves units of the account and of every budget above it. With a parent, they are cut out of that hold: nothing
 * more is reserved, and the child ends no later than its parent.
 */
export function decideHold(journal: Journal, { account: id, cause }: Request, command: CommandOf<'hold'>): Outcome {
  const account = existing(journal, id);
  if (account instanceof Refusal) return account;
  const { amount, terms } = command;
  const notUsable = useRefusal(journal, account);
  if (notUsable) return notUsable;
  const parent = command.parent && holdNumbered(account.holds, command.parent.hold);
  if (
    command.parent &&
    (command.parent.ref !== account.ref || command.parent.partition !== journal.partition || !parent)
  )
    return new Refusal('HOLD_UNKNOWN', 'the parent hold is not open on this account');
  if (parent && parent.amount < amount)
    return new Refusal('ALLOWANCE_EXHAUSTED', `asked for ${amount}, the parent hold has ${parent.amount} left`, {
      refusal: { account: id, asked: String(amount), available: String(parent.amount) },
    });
  const refusal =
    termsRefusal(account, terms, journal.nowMs) ??
    overdraftRefusal(account, terms, amount) ??
    (parent ? null : boundsRefusal(journal, account, amount));
  if (refusal) return refusal;
  const number = account.seq + 1;
  const budgets = parent ? parent.budgets : journal.budgetsOf(account).map((budget) => budget.id);
  const wantedMs = journal.nowMs + command.expiresInMs;
  const expiresMs = parent && parent.expiresMs < wantedMs ? parent.expiresMs : wantedMs;
  const opened = { hold: number, amount, expiresMs, parent: parent?.hold ?? null, budgets };
  const held = parent ? 0n : amount;
  const entry = journal.post(id, {
    kind: 'held',
    cause,
    ordinal: 0,
    held,
    hold: number,
    holdRows: [...(parent ? [openRow({ ...parent, amount: parent.amount - amount })] : []), openRow(opened)],
    timers: [{ dueMs: expiresMs, kind: 'hold', object: number }],
  });
  if (!parent) postBudgets(journal, { of: entry, budgets: inCurrentPeriod(budgets), used: 0n, held });
  return booked(journal, [entry], { hold: holdView(journal.partition, account, { ...opened, status: 'open' }) });
}
