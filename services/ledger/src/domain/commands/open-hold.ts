import type { Account } from '../account/account.ts';
import type { Hold } from '../account/hold.ts';
import { holdNumbered } from '../account/open-holds.ts';
import { existing } from '../account/status.ts';
import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import type { EndedHolds } from '../past.ts';
import type { HoldId } from '../request/ids.ts';
import { formatHoldId } from '../request/ids.ts';

/** The open hold of a request; of one that has ended the refusal tells how. */
export function openHold(
  journal: Journal,
  accountId: string,
  id: HoldId,
  endedHolds: EndedHolds,
): { readonly account: Readonly<Account>; readonly hold: Hold } | Refusal {
  if (accountId === '' || !journal.find(accountId)) return new Refusal('HOLD_UNKNOWN', 'there is no such hold');
  const account = existing(journal, accountId);
  if (account instanceof Refusal) return account;
  const hold = holdNumbered(account.holds, id.hold);
  if (hold) return { account, hold };
  const ended = journal.endedHold(formatHoldId(id)) ?? endedHolds(id);
  if (!ended) return new Refusal('HOLD_UNKNOWN', 'there is no such hold');
  return new Refusal('HOLD_ENDED', `the hold was ${ended.status} before`, { hold: ended });
}
