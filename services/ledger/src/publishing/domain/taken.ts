import type { AccountKind } from '@tollgate/contracts';

import type { LimitCount, Settings } from '../../domain/account/account.ts';
import { keepsLots } from '../../domain/account/account.ts';
import { countsAt } from '../../domain/account/limit-counts.ts';
import type { Entry } from '../../domain/entry.ts';

/** An account right after one of its entries, as far as it tells what is taken of what. */
export type Standing = Pick<Entry, 'balanceAfter' | 'heldAfter' | 'usedAfter' | 'periodStartMs'> & {
  readonly settings: Settings;
  readonly limitCounts: readonly LimitCount[];
  /** The balance after the last grant or adjustment; null: there was none. */
  readonly toppedUp: bigint | null;
};

/** Something of which an entry took more, held units included: before and after it. */
export type Taken = {
  readonly of: 'limit' | 'allowance' | 'balance';
  readonly whole: bigint;
  readonly before: bigint;
  readonly after: bigint;
  readonly periodStartMs: number | null;
  readonly period?: string;
  readonly model?: string;
};
type Part = Omit<Taken, 'before' | 'after'> & { readonly taken: bigint };

/**
 * What an entry took of limits, allowance and balance; of a period that begins with it all is new. A fact about
 * entries: nothing is decided by it.
 */
export function takenBy(
  kind: AccountKind,
  recordedMs: number,
  { before, after }: { readonly before: Standing | null; readonly after: Standing },
): readonly Taken[] {
  const earlier = before === null ? [] : partsOf(kind, recordedMs, before);
  return partsOf(kind, recordedMs, after).flatMap(({ taken, ...part }) => {
    const known = earlier.find((other) => sameKind(other, part));
    // The limit may have been changed since: the earlier share is converted to the present limit.
    const was = known?.periodStartMs === part.periodStartMs ? shareOfNow(known, part.whole) : 0n;
    return taken > was ? [{ ...part, before: was, after: taken }] : [];
  });
}

const sameKind = (a: Pick<Part, 'of' | 'period' | 'model'>, b: Pick<Part, 'of' | 'period' | 'model'>): boolean =>
  a.of === b.of && a.period === b.period && a.model === b.model;

/**
 * What was taken before, as a share of the present whole. Rounded up, so that a share that was reached stays reached.
 */
const shareOfNow = ({ taken, whole }: Part, now: bigint): bigint =>
  whole === now || whole <= 0n ? taken : (taken * now + whole - 1n) / whole;

function partsOf(kind: AccountKind, recordedMs: number, standing: Standing): readonly Part[] {
  const { settings, balanceAfter, heldAfter, usedAfter, periodStartMs, toppedUp } = standing;
  const parts: Part[] = [];
  if (settings.limit !== null)
    parts.push({ of: 'limit', whole: settings.limit, taken: usedAfter + heldAfter, periodStartMs });
  if (settings.limits.length > 0) parts.push(...limitParts(standing, recordedMs));
  if (!keepsLots(kind)) return parts;
  const left = balanceAfter - heldAfter;
  if (settings.allowance !== null)
    parts.push({
      of: 'allowance',
      whole: settings.allowance,
      taken: atLeast0(settings.allowance - left),
      periodStartMs,
    });
  else if (toppedUp !== null && toppedUp > 0n)
    parts.push({ of: 'balance', whole: toppedUp, taken: atLeast0(toppedUp - left), periodStartMs: null });
  return parts;
}

function limitParts({ settings, limitCounts, heldAfter }: Standing, recordedMs: number): readonly Part[] {
  const counts = countsAt(
    { limitCounts, terms: { status: 'active', owner: null, settings, limitFetchedMs: 0 } },
    settings,
    recordedMs,
  );
  return settings.limits.flatMap(({ amount, period, model }, index) => {
    const count = counts[index];
    if (!count) return [];
    const taken = count.used + (model === null ? heldAfter : 0n);
    return [
      {
        of: 'limit' as const,
        whole: amount,
        taken,
        periodStartMs: count.period.startMs,
        period,
        ...(model === null ? {} : { model }),
      },
    ];
  });
}

const atLeast0 = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
