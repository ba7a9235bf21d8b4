import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { priorityDefault } from '../request/request.ts';
import { inCurrentPeriod, postBudgets } from './budgets.ts';
import { burn, lotAfter, postGrant } from './lots.ts';

/**
 * Sets the balance: by one more lot, or by taking from the lots in burning order, except (`sparing`) those that were
 * bought.
 */
export function postBalance(
  journal: Journal,
  accountId: string,
  to: { readonly cause: Cause; readonly balance: bigint; readonly sparing?: 'purchased' },
): readonly Entry[] {
  const account = journal.account(accountId);
  const { balance } = account;
  const cause = { ...to.cause, details: null };
  if (to.balance > balance) {
    return [
      postGrant(journal, accountId, {
        kind: 'adjusted',
        cause,
        ordinal: 1,
        amount: to.balance - balance,
        contra: 'adjustments',
        priority: priorityDefault,
        expiresMs: null,
      }),
    ];
  }
  if (to.balance === balance) return [];
  return burn(account, balance - to.balance, to.sparing).map(({ lot, take }, index) =>
    journal.post(accountId, {
      kind: 'adjusted',
      cause,
      ordinal: index + 1,
      amount: -take,
      contra: 'adjustments',
      ...lotAfter(lot, take),
    }),
  );
}

/** Lowers what counts as used to a figure; never raises it. Existing entries are not changed. */
export function postUsed(
  journal: Journal,
  accountId: string,
  to: { readonly cause: Cause; readonly used: bigint },
): readonly Entry[] {
  const account = journal.account(accountId);
  const amount = journal.countersAt(account, journal.nowMs).counter.used - to.used;
  if (amount <= 0n) return [];
  const cause = { ...to.cause, details: null };
  const uses = { model: null, occurredMs: journal.nowMs, recordedMs: journal.nowMs };
  const entry = journal.post(account.id, {
    kind: 'adjusted',
    cause,
    ordinal: 1,
    amount,
    used: -amount,
    uses: { ...uses, amount: -amount },
    contra: 'adjustments',
  });
  // A budget whose period began later did not count this usage.
  const counting = journal
    .budgetsOf(account)
    .filter((budget) => journal.countersAt(budget, journal.nowMs).counter.used >= amount);
  postBudgets(journal, {
    of: entry,
    budgets: inCurrentPeriod(counting.map(({ id }) => id)),
    used: -amount,
    held: 0n,
    uses,
  });
  return [entry];
}
