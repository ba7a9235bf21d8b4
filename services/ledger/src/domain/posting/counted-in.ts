import type { Account, Counter } from '../account/account.ts';
import type { Journal } from '../journal.ts';
import type { CountedOn, Target } from '../target.ts';
import type { CountedAs } from './posting.ts';

/** Where a posting is to count, and what is counted there so far. */
export type CountedIn = { readonly counter: Counter; readonly posting: Pick<CountedAs, 'inPeriod' | 'pricedBy'> };

/**
 * The period that an entry to be taken back has counted in: the current one, or for metered accounts any before it,
 * because its blocks were charged (rule 18). null: it counts nowhere any more.
 */
export function countedIn(
  journal: Journal,
  account: Readonly<Account>,
  target: Pick<Target, 'periodStartMs' | 'counted' | 'priced'>,
): CountedIn | null {
  const { counter, earlier } = journal.countersAt(account, journal.nowMs);
  const startMs = target.periodStartMs;
  if ((counter.period?.startMs ?? null) === startMs) return { counter, posting: {} };
  if (account.kind !== 'metered' || startMs === null) return null;
  if (earlier?.period?.startMs === startMs) return { counter: earlier, posting: { inPeriod: earlier } };
  return longAgo(journal, account, startMs, target);
}

/**
 * A period before the last two: from the books, as this batch has left it. Its blocks keep the plan version they were
 * entered at.
 */
function longAgo(
  journal: Journal,
  account: Readonly<Account>,
  startMs: number,
  { counted, priced }: Pick<Target, 'counted' | 'priced'>,
): CountedIn | null {
  let counter = counted;
  let plan = priced;
  for (const entry of journal.entries) {
    if (entry.ref !== account.ref) continue;
    counter = entry.counterRows.find(({ period }) => period?.startMs === startMs) ?? counter;
    const crossing = entry.crossings.find(({ periodStartMs }) => periodStartMs === startMs);
    if (crossing) plan = { name: crossing.plan, version: crossing.planVersion };
  }
  if (!counter) return null;
  const booked = plan && journal.catalog.plans.get(plan.name)?.find(({ version }) => version === plan.version);
  return { counter, posting: { inPeriod: counter, pricedBy: booked ?? null } };
}

/** The same of a budget above the entry's account. */
export function countedOn(journal: Journal, on: CountedOn): CountedIn | null {
  const budget = journal.find(on.id);
  return budget ? countedIn(journal, budget, on) : null;
}
