import type { Period, YearMonth } from '@tollgate/pricing';
import { calendarMonth, monthOf, monthStart } from '@tollgate/pricing';

import type { Settings } from '../account/account.ts';
import type { BookedPlan, Catalog } from './catalog.ts';
import { builtInPlan, planDefault } from './catalog.ts';

/** What of an account says which plan was its own when. */
export type Planned = {
  readonly openedMs: number;
  readonly terms: { readonly settings: Pick<Settings, 'plan' | 'earlierPlans' | 'firstPlan'> };
};

/**
 * The plan version that prices the period of an account that starts at `startMs` (rule 17): of the plan the account had
 * then, the version in force then; in the period in which it was opened, the version in force at the opening. What is
 * booked or changed at the start itself or later counts from the next period, so that a period never changes its price.
 * A name of which nothing is in force is priced by the plan `default`.
 */
export function planAt(catalog: Catalog, account: Planned, startMs: number): BookedPlan {
  const { settings } = account.terms;
  if (startMs <= account.openedMs && settings.firstPlan !== null) {
    const { name, version } = settings.firstPlan;
    const first = catalog.plans.get(name)?.find((booked) => booked.version === version);
    if (first) return first;
  }
  const inForce = ({ fromMs, bookedMs }: BookedPlan): boolean => fromMs <= startMs && bookedMs < startMs;
  return newest(catalog, planNameAt(settings, startMs) ?? planDefault, inForce);
}

/** The version of a plan that is in force as the next record is decided. */
export const planInForce = (catalog: Catalog, name: string, nowMs: number): BookedPlan =>
  newest(catalog, name, ({ fromMs }) => fromMs <= nowMs);

/** The plan that an account had at a time; null: none, so that nothing is charged. */
export const planNameAt = (
  { plan, earlierPlans }: Pick<Settings, 'plan' | 'earlierPlans'>,
  atMs: number,
): string | null => {
  const earlier = earlierPlans.find(({ untilMs }) => untilMs >= atMs);
  return earlier === undefined ? plan : earlier.plan;
};

/** The highest (effective from, version) of those that count; the built-in plan always does. */
function newest(catalog: Catalog, name: string, counts: (booked: BookedPlan) => boolean): BookedPlan {
  let best: BookedPlan | undefined;
  for (const booked of catalog.plans.get(name) ?? []) {
    if (
      counts(booked) &&
      (!best || booked.fromMs > best.fromMs || (booked.fromMs === best.fromMs && booked.version > best.version))
    )
      best = booked;
  }
  return best ?? (name === planDefault ? builtInPlan : newest(catalog, planDefault, counts));
}

/**
 * The calendar month that holds a time. The first one is that of the opening, in the time zone of the plan version that
 * prices it; each ends where the next month begins in the time zone of the version at its start, and the next starts
 * there. So months never overlap or leave a gap, also where versions or plans differ in their zone.
 */
export function planMonth(catalog: Catalog, account: Planned, atMs: number): Period {
  const { plan, earlierPlans, firstPlan } = account.terms.settings;
  const names = new Set([plan, ...earlierPlans.map((earlier) => earlier.plan), firstPlan?.name, planDefault]);
  const versions = [...names].flatMap((name) => catalog.plans.get(name ?? planDefault) ?? []);
  if (versions.every((booked) => booked.plan.timeZone === versions[0]?.plan.timeZone)) {
    return calendarMonth(atMs, versions[0]?.plan.timeZone ?? builtInPlan.plan.timeZone);
  }
  const firstZone = planAt(catalog, account, account.openedMs).plan.timeZone;
  const first = calendarMonth(account.openedMs, firstZone);
  return atMs < first.startMs
    ? calendarMonth(atMs, firstZone)
    : monthFrom(catalog, account, { atMs, first, zone: firstZone });
}

/** Follows the months from the first one on until they hold `atMs`. */
function monthFrom(
  catalog: Catalog,
  account: Planned,
  from: { readonly atMs: number; readonly first: Period; readonly zone: string },
): Period {
  let following = monthAfter(monthOf(from.first.startMs, from.zone));
  let period = from.first;
  while (from.atMs >= period.endMs) {
    following = monthAfter(following);
    const startMs = period.endMs;
    period = { startMs, endMs: monthStart(following, planAt(catalog, account, startMs).plan.timeZone) };
  }
  return period;
}

const monthAfter = ({ year, month }: YearMonth): YearMonth =>
  month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 };

/**
 * The settings with another plan, from `nowMs` on: the period under way keeps the plan it started with. Of the plans of
 * before, only those are kept that a period still open started with.
 */
export function withPlan(
  settings: Settings,
  before: Settings,
  open: { readonly nowMs: number; readonly startMs: number; readonly earliestMs: number },
): Settings {
  if (settings.plan === before.plan) return { ...settings, earlierPlans: before.earlierPlans };
  const kept = before.earlierPlans.filter(({ untilMs }) => untilMs >= open.earliestMs);
  // A plan that was given and taken within one period never priced one.
  const priced = !kept.some(({ untilMs }) => untilMs >= open.startMs);
  return { ...settings, earlierPlans: priced ? [...kept, { plan: before.plan, untilMs: open.nowMs }] : kept };
}
