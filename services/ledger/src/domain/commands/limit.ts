import { availableOf } from '../account/bounds.ts';
import { existing } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import { bookedState, unchanged } from '../posting/close.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { accountView } from '../views.ts';

/**
 * A limit that another system owns; the older of two fetches is ignored (rule 21). A newer fetch of the same limit is
 * booked, because it says that what an older fetch still under way will bring is outdated.
 */
export function decideLimit(journal: Journal, { account: id, cause }: Request, command: CommandOf<'limit'>): Outcome {
  const account = existing(journal, id);
  if (account instanceof Refusal) return account;
  const { limit, fetchedMs } = command;
  if (fetchedMs <= account.terms.limitFetchedMs)
    return unchanged(id, { available: availableOf(journal, account), state: accountView(journal, account) });
  const terms = { ...account.terms, settings: { ...account.terms.settings, limit }, limitFetchedMs: fetchedMs };
  return bookedState(journal, [journal.post(id, { kind: 'changed', cause, ordinal: 0, terms })]);
}
