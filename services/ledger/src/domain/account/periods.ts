import type { Period } from '@tollgate/pricing';
import { calendarPeriod, calendarPeriodFrom, calendarUnitOf, periodSince } from '@tollgate/pricing';

import type { Catalog } from '../prices/catalog.ts';
import { planMonth } from '../prices/plans.ts';
import type { Account, Counter } from './account.ts';

/** End of a period without an end: the last millisecond of the year 9999. */
export const openEndMs = Date.UTC(10_000, 0, 1) - 1;

/** When a period ends and the next begins; null: it has no end. */
export const endOf = (period: Period | null): number | null =>
  period === null || period.endMs === openEndMs ? null : period.endMs;

type OfAccount = Pick<Account, 'kind' | 'openedMs' | 'terms'>;

/** The period that an account's settings or plan say for a time; null: it has no periods. */
export function periodAt(catalog: Catalog, account: OfAccount, atMs: number): Period | null {
  const { period, periodFromMs, timeZone } = account.terms.settings;
  if (period !== null) return periodOf(period, { fromMs: periodFromMs ?? account.openedMs, timeZone, atMs });
  return account.kind === 'metered' ? planMonth(catalog, account, atMs) : null;
}

/** The period that holds a time: a calendar period, or one of the durations counted from `fromMs`. */
function periodOf(
  period: string,
  at: { readonly fromMs: number; readonly timeZone: string | null; readonly atMs: number },
): Period {
  const unit = calendarUnitOf(period);
  return unit === null ? periodSince(at.fromMs, period, at.atMs) : calendarPeriod(unit, at.atMs, at.timeZone ?? 'UTC');
}

/**
 * The period that holds a time, where the one before it ended at `endedMs` (null: there was none): periods follow each
 * other without a gap and never overlap, also where the settings changed meanwhile.
 */
function periodAfter(
  endedMs: number | null,
  period: string,
  at: { readonly fromMs: number; readonly timeZone: string | null; readonly atMs: number },
): Period {
  const unit = calendarUnitOf(period);
  if (endedMs === null || unit === null) return periodOf(period, at);
  return calendarPeriodFrom(endedMs, { unit, timeZone: at.timeZone ?? 'UTC', atMs: at.atMs });
}

/** The current counter and the one before. */
export type Counters = { readonly counter: Counter; readonly earlier: Counter | null };

/** The counters of an account at a time: the stored ones, or fresh ones when a new period has begun since. */
export function countersAt(catalog: Catalog, account: Readonly<Account>, atMs: number): Counters {
  const { counter, earlier } = account;
  const { period, periodFromMs, timeZone } = account.terms.settings;
  if (counter.period ? atMs < counter.period.endMs : period === null && account.kind !== 'metered') return account;
  if (counter.period && period === null && account.kind !== 'metered') {
    // The account has no periods any more: the counter goes on without a reset.
    return { counter: { ...counter, period: { ...counter.period, endMs: openEndMs } }, earlier };
  }
  const at = { fromMs: periodFromMs ?? account.openedMs, timeZone, atMs };
  const next =
    period === null ? planMonth(catalog, account, atMs) : periodAfter(counter.period?.endMs ?? null, period, at);
  if (counter.period && next.startMs === counter.period.startMs)
    return { counter: { ...counter, period: next }, earlier };
  const startMs = counter.period && next.startMs < counter.period.endMs ? counter.period.endMs : next.startMs;
  const fresh = {
    period: { startMs, endMs: next.endMs },
    used: 0n,
    highWater: 0n,
    usedBefore: counter.usedBefore + counter.used,
  };
  return { counter: fresh, earlier: counter.period ? counter : null };
}

/** The period of one of the `limits` that holds a time, after the one it counted last. */
export const limitPeriodAt = (
  limit: { readonly period: string; readonly sinceMs: number },
  at: { readonly endedMs: number | null; readonly timeZone: string | null; readonly atMs: number },
): Period => periodAfter(at.endedMs, limit.period, { fromMs: limit.sinceMs, timeZone: at.timeZone, atMs: at.atMs });
