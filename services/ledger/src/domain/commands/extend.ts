import { boundsRefusal } from '../account/bounds.ts';
import { useRefusal } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import type { Past } from '../past.ts';
import { inCurrentPeriod, postBudgets } from '../posting/budgets.ts';
import { booked } from '../posting/close.ts';
import { openRow } from '../posting/hold-end.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { holdView } from '../views.ts';
import { openHold } from './open-hold.ts';

/** Reserves more with an open hold. */
export function decideExtend(journal: Journal, request: Request, command: CommandOf<'extend'>, past: Past): Outcome {
  const found = openHold(journal, request.account, command.hold, past.endedHolds);
  if (found instanceof Refusal) return found;
  const { account, hold } = found;
  const refusal = useRefusal(journal, account) ?? boundsRefusal(journal, account, command.amount);
  if (refusal) return refusal;
  const amount = hold.amount + command.amount;
  const entry = journal.post(account.id, {
    kind: 'extended',
    cause: request.cause,
    ordinal: 0,
    held: command.amount,
    hold: hold.hold,
    holdRows: [openRow({ ...hold, amount })],
  });
  postBudgets(journal, { of: entry, budgets: inCurrentPeriod(hold.budgets), used: 0n, held: command.amount });
  return booked(journal, [entry], { hold: holdView(journal.partition, account, { ...hold, amount, status: 'open' }) });
}
