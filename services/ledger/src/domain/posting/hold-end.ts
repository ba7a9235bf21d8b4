import type { HoldView } from '@tollgate/contracts';

import type { Account } from '../account/account.ts';
import type { Hold, HoldOutcome, HoldRow } from '../account/hold.ts';
import { descendantsOf, holdNumbered } from '../account/open-holds.ts';
import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { holdView } from '../views.ts';
import { inCurrentPeriod, postBudgets } from './budgets.ts';

/** What ending a hold moves. */
export type Ending = {
  /** What it and its open children reserved. */
  readonly freed: bigint;
  /** By how much the account's held sum falls. */
  readonly given: bigint;
  readonly children: readonly Hold[];
  readonly rows: readonly Omit<HoldRow, 'floor'>[];
};

/**
 * Ends a hold and its open children, which end as released. What is not settled goes back to an open parent, else to
 * the account. `settled`: the amount that is spent of it; null: none is.
 */
export function endingOf(account: Readonly<Account>, hold: Hold, outcome: HoldOutcome, settled: bigint | null): Ending {
  const children = descendantsOf(account.holds, hold.hold);
  let freed = hold.amount;
  for (const child of children) freed += child.amount;
  const parent = hold.parent === null ? undefined : holdNumbered(account.holds, hold.parent);
  const spent = settled ?? 0n;
  const back = parent && spent < freed ? freed - spent : 0n;
  const rows: Omit<HoldRow, 'floor'>[] = [
    { ...rowOf(hold), outcome, settled },
    ...children.map((child) => ({ ...rowOf(child), outcome: 'released' as const, settled: null })),
  ];
  if (parent && back > 0n) rows.push(openRow({ ...parent, amount: parent.amount + back }));
  return { freed, given: freed - back, children, rows };
}

/** Ends a hold without a spend: by request or, at its deadline, by timer. */
export function postRelease(
  journal: Journal,
  accountId: string,
  end: { readonly hold: Hold; readonly cause: Cause; readonly outcome: 'released' | 'expired' },
): { entry: Entry; view: HoldView } {
  const { hold, cause, outcome } = end;
  const account = journal.account(accountId);
  const ending = endingOf(account, hold, outcome, null);
  const held = -ending.given;
  const entry = journal.post(accountId, {
    kind: outcome === 'released' ? 'released' : 'hold_expired',
    cause,
    ordinal: 0,
    held,
    hold: hold.hold,
    holdRows: ending.rows,
  });
  postBudgets(journal, { of: entry, budgets: inCurrentPeriod(hold.budgets), used: 0n, held });
  const view = holdView(journal.partition, account, { ...hold, amount: ending.freed, status: outcome });
  noteEnded(journal, account, ending.children, view);
  return { entry, view };
}

/** A batch may ask again for a hold that it has just ended. */
export function noteEnded(
  journal: Journal,
  account: Readonly<Account>,
  children: readonly Hold[],
  ended: HoldView,
): void {
  journal.noteEnded(ended);
  for (const child of children)
    journal.noteEnded(holdView(journal.partition, account, { ...child, status: 'released' }));
}

export const rowOf = (hold: Omit<Hold, 'rowSeq'>): Omit<HoldRow, 'floor' | 'outcome' | 'settled'> => ({
  hold: hold.hold,
  amount: hold.amount,
  expiresMs: hold.expiresMs,
  parent: hold.parent,
  budgets: hold.budgets,
});

export const openRow = (hold: Omit<Hold, 'rowSeq'>): Omit<HoldRow, 'floor'> => ({
  ...rowOf(hold),
  outcome: 'open',
  settled: null,
});
