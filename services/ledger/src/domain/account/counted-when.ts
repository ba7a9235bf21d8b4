import type { Journal } from '../journal.ts';
import type { Account, Counter } from './account.ts';

/** Where usage counts: in the current period, in the one before (`into`), or in the current one as late. */
export type CountedWhen = { readonly into?: Counter; readonly late?: boolean };
export const inTime: CountedWhen = {};

/**
 * Usage that happened in the period before counts there while it is open, later in the current one, flagged late (rule
 * 17).
 */
export function periodFor(journal: Journal, account: Readonly<Account>, occurredMs: number): CountedWhen {
  const { counter, earlier } = journal.rolled(account, journal.nowMs);
  if (!counter.period || occurredMs >= counter.period.startMs) return inTime;
  const before = counterBefore(journal, account, { counter, earlier });
  const previous =
    before?.period && occurredMs >= before.period.startMs && occurredMs < before.period.endMs ? before : null;
  if (
    previous?.period &&
    journal.nowMs < previous.period.endMs + journal.planAt(account, previous.period.startMs).plan.graceMs
  )
    return { into: previous };
  return { late: true };
}

/** What was counted in the period before the current one: nothing, where no entry began it. */
function counterBefore(
  journal: Journal,
  account: Readonly<Account>,
  { counter, earlier }: Pick<Account, 'counter' | 'earlier'>,
): Counter | null {
  const startMs = counter.period?.startMs ?? 0;
  if (startMs <= account.openedMs || earlier?.period?.endMs === startMs) return earlier;
  const period = journal.periodAt(account, startMs - 1);
  if (!period || (earlier?.period && earlier.period.endMs > period.startMs)) return earlier;
  return { period, used: 0n, highWater: 0n, before: counter.before };
}
