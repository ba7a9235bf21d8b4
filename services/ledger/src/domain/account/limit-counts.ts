import type { Period } from '@tollgate/pricing';

import type { Account, LimitCount, PeriodLimit, Settings } from './account.ts';
import { sameLimit } from './account.ts';
import { limitPeriodAt } from './periods.ts';

/**
 * Usage as an account's `limits` count it: how much (negative: given back), of what, when it happened and when it was
 * booked.
 */
export type Uses = {
  readonly amount: bigint;
  readonly model: string | null;
  readonly occurredMs: number;
  readonly recordedMs: number;
};

/** How long after its end a period that began then still takes usage that happened in it (rule 17). */
export type GraceMs = (startMs: number) => number;

/**
 * The counts of the limits in `settings`, as of a time. A limit that existed before keeps its count, a new one starts
 * at 0.
 */
export function countsAt(
  account: Pick<Account, 'limitCounts' | 'terms'>,
  settings: Settings,
  atMs: number,
): readonly LimitCount[] {
  const known = account.terms.settings.limits;
  return settings.limits.map((limit) => {
    const index = known.findIndex((other) => sameLimit(limit, other));
    return countAt(limit, account.limitCounts[index], { atMs, timeZone: settings.timeZone });
  });
}

function countAt(
  limit: PeriodLimit,
  count: LimitCount | undefined,
  at: { readonly atMs: number; readonly timeZone: string | null },
): LimitCount {
  if (!count) return { period: limitPeriodAt(limit, { ...at, endedMs: null }), used: 0n, earlier: null };
  if (at.atMs < count.period.endMs) return count;
  return {
    period: limitPeriodAt(limit, { ...at, endedMs: count.period.endMs }),
    used: 0n,
    earlier: { period: count.period, used: count.used },
  };
}

/** Whether two lists of limits are counted alike: amounts may differ. */
export const sameLimits = (a: readonly PeriodLimit[], b: readonly PeriodLimit[]): boolean =>
  a.length === b.length &&
  a.every((limit, index) => {
    const other = b[index];
    return other !== undefined && sameLimit(limit, other);
  });

/** Whether a limit counts usage of a model. */
export const countsModel = (limit: PeriodLimit, model: string | null): boolean =>
  limit.model === null || limit.model === model;

/**
 * The counts after some usage; unchanged ones are the same objects. Usage given back never
 * lowers a count below 0.
 */
export function countsAfter(
  counts: readonly LimitCount[],
  limits: readonly PeriodLimit[],
  uses: Uses,
  grace: GraceMs,
): readonly LimitCount[] {
  return counts.map((count, index) => {
    const limit = limits[index];
    return limit && countsModel(limit, uses.model) ? moved(count, limit, uses, grace) : count;
  });
}

function moved(count: LimitCount, limit: PeriodLimit, uses: Uses, grace: GraceMs): LimitCount {
  const place = placeOf(count, limit, uses, grace);
  if (place === null) return count;
  if (place === 'current') return { ...count, used: atLeast0(count.used + uses.amount) };
  return { ...count, earlier: { period: place.period, used: atLeast0(place.used + uses.amount) } };
}

const atLeast0 = (used: bigint): bigint => (used < 0n ? 0n : used);

type Earlier = { readonly period: Period; readonly used: bigint };

/**
 * Where usage counts, or counted when it was booked: in the current period, in the one before while that takes late
 * usage, or (null) in none that is still known.
 */
export function placeOf(
  count: LimitCount,
  limit: PeriodLimit,
  use: Pick<Uses, 'occurredMs' | 'recordedMs'>,
  grace: GraceMs,
): 'current' | Earlier | null {
  if (use.recordedMs < limit.sinceMs) return null;
  const { period } = count;
  const before = earlierOf(count, limit);
  const takes =
    before !== null &&
    use.occurredMs >= before.period.startMs &&
    use.occurredMs < before.period.endMs &&
    use.recordedMs < before.period.endMs + grace(before.period.startMs);
  if (use.recordedMs >= period.startMs) return use.occurredMs < period.startMs && takes ? before : 'current';
  return before !== null && use.recordedMs >= before.period.startMs && use.occurredMs >= before.period.startMs
    ? before
    : null;
}

/** The period before the current one; nothing was used in it where nothing was counted. */
function earlierOf({ period, earlier }: LimitCount, limit: PeriodLimit): Earlier | null {
  if (earlier?.period.endMs === period.startMs || period.startMs <= limit.sinceMs) return earlier;
  const before = limitPeriodAt(limit, { endedMs: null, timeZone: null, atMs: period.startMs - 1 });
  return before.endMs === period.startMs ? { period: before, used: 0n } : null;
}
