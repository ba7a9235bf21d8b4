import type { Account } from '../account/account.ts';
import type { Uses } from '../account/limit-counts.ts';
import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import type { CountedOn } from '../target.ts';
import { countedOn } from './counted-in.ts';
import { inTime, periodFor } from './counted-when.ts';
import type { CountedAs } from './posting.ts';

/** Accounts above, and where each counts what is posted on it. */
export type Budgets = readonly { readonly id: string; readonly counted: CountedAs }[];

const none: Budgets = [];
export const inCurrentPeriod = (ids: readonly string[]): Budgets => ids.map((id) => ({ id, counted: inTime }));

/** The budgets above an account, each with its own period of the time at which something happened (rule 17). */
export const budgetsAbove = (journal: Journal, account: Readonly<Account>, occurredMs: number): Budgets =>
  account.id.includes('/')
    ? budgetsAt(
        journal,
        journal.budgetsOf(account).map(({ id }) => id),
        occurredMs,
      )
    : none;

export const budgetsAt = (journal: Journal, ids: readonly string[], occurredMs: number): Budgets =>
  ids.map((id) => {
    const budget = journal.find(id);
    return { id, counted: budget ? periodFor(journal, budget, occurredMs) : inTime };
  });

/**
 * Budgets in the periods in which they counted an entry, as far as they count `atLeast` there; of the others only the
 * `limits` count, whose periods are their own and may run still.
 */
export function budgetsOn(journal: Journal, budgets: readonly CountedOn[], atLeast?: bigint): Budgets {
  return budgets.flatMap((on): Budgets => {
    const known = countedOn(journal, on);
    if (known && (atLeast === undefined || known.counter.used >= atLeast))
      return [{ id: on.id, counted: known.posting }];
    return journal.find(on.id)?.limitCounts.length ? [{ id: on.id, counted: { used: 0n } }] : none;
  });
}

/** Budget rows: what counts against the limits above, outside the trial balance (rule 20). */
export function postBudgets(
  journal: Journal,
  budget: {
    readonly of: Entry;
    readonly budgets: Budgets;
    readonly used: bigint;
    readonly held: bigint;
    /** What `limits` count it as; absent: nothing is used, only reserved. */
    readonly uses?: Omit<Uses, 'amount'>;
  },
): void {
  if (budget.budgets.length === 0) return;
  const { used, held, uses } = budget;
  const cause: Cause = {
    source: 'budget',
    id: String(budget.of.partitionSeq),
    hash: null,
    occurredMs: budget.of.occurredMs,
    details: null,
  };
  for (const { id, counted } of budget.budgets) {
    if (!journal.find(id)) continue;
    journal.post(id, {
      kind: 'budgeted',
      cause,
      ordinal: 0,
      held,
      used: counted.used ?? used,
      uses: uses && used !== 0n ? { ...uses, amount: used } : undefined,
      inPeriod: counted.inPeriod,
      pricedBy: counted.pricedBy,
      late: counted.late,
    });
  }
}
