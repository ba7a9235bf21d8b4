import { AppError } from '@tollgate/kernel';

import { availableOf } from '../account/bounds.ts';
import type { Booked, Unchanged } from '../decision.ts';
import type { Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { accountState, accountView } from '../views.ts';

/** A booked request. What can be spent afterwards is kept on its last entry, so that a repeat gets the same answer. */
export function booked(journal: Journal, entries: readonly Entry[], more: Pick<Booked, 'hold' | 'state'> = {}): Booked {
  const last = entries.at(-1);
  if (!last) throw new AppError('bug', 'INVARIANT_BROKEN', 'a booked request has entries');
  last.availableAfter = availableOf(journal, journal.account(last.account));
  return { outcome: 'booked', account: last.account, entries, available: last.availableAfter, ...more };
}

/** A booked change of an account, whose answer shows the account as it is afterwards. */
export function bookedState(journal: Journal, entries: readonly Entry[]): Booked {
  const decision = booked(journal, entries);
  return { ...decision, state: accountView(journal, journal.account(decision.account)) };
}

/** Answers about accounts with tiers contain the account: they show what was ever used (surfaces §4). */
export function tieredState(journal: Journal, id: string): Pick<Booked, 'state'> {
  const account = journal.account(id);
  return account.terms.settings.tier === null ? {} : { state: accountState(journal, account) };
}

export const unchanged = (account: string, more: Pick<Unchanged, 'available' | 'state'> = {}): Unchanged => ({
  outcome: 'unchanged',
  account,
  entries: [],
  ...more,
});
