import type { Account, Counter } from '../account/account.ts';
import type { Journal } from '../journal.ts';

/** Where usage counts: in the current period, in the one before (`inPeriod`), or in the current one as late. */
export type CountedWhen = { readonly inPeriod?: Counter; readonly late?: boolean };
export const inTime: CountedWhen = {};
const late: CountedWhen = { late: true };

/**
 * Usage that happened in the period before counts there while it is open, later in the current one, flagged late (rule
 * 17).
 */
export function periodFor(journal: Journal, account: Readonly<Account>, occurredMs: number): CountedWhen {
  const { counter, earlier } = journal.countersAt(account, journal.nowMs);
  if (!counter.period || occurredMs >= counter.period.startMs) return inTime;
  const previous = counterBefore(journal, account, { counter, earlier });
  if (!previous?.period || occurredMs < previous.period.startMs || occurredMs >= previous.period.endMs) return late;
  const closesMs = previous.period.endMs + journal.graceAt(account, previous.period.startMs);
  return journal.nowMs < closesMs ? { inPeriod: previous } : late;
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
  return { period, used: 0n, highWater: 0n, usedBefore: counter.usedBefore };
}
