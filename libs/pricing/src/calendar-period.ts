import { Temporal } from 'temporal-polyfill';

import { calendarMonth, type Period } from './calendar-month.ts';

/** Weeks begin on Monday (ISO 8601). */
export type CalendarUnit = 'day' | 'week' | 'month';
const prefix = 'calendar:';
const units: ReadonlySet<string> = new Set(['day', 'week', 'month']);

/** The unit of `calendar:day`, `calendar:week` or `calendar:month`; null: the text is none of them. */
export function calendarUnitOf(period: string): CalendarUnit | null {
  const unit = period.startsWith(prefix) ? period.slice(prefix.length) : '';
  return units.has(unit) ? (unit as CalendarUnit) : null;
}

/**
 * The calendar day, week or month that holds `atMs` in a time zone; summer time makes some of them longer or shorter.
 */
export function calendarPeriod(unit: CalendarUnit, atMs: number, timeZone: string): Period {
  if (unit === 'month') return calendarMonth(atMs, timeZone);
  const today = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone).toPlainDate();
  const first = unit === 'day' ? today : today.subtract({ days: today.dayOfWeek - 1 });
  const next = first.add({ days: unit === 'day' ? 1 : 7 });
  return { startMs: startOf(first, timeZone), endMs: startOf(next, timeZone) };
}

/** The first instant of a date, also where midnight is skipped. */
const startOf = (date: Temporal.PlainDate, timeZone: string): number =>
  date.toZonedDateTime({ timeZone }).epochMilliseconds;

/** Two time zones differ by at most 26 hours. */
const zonesDifferMs = 26 * 3_600_000;

/**
 * The calendar period that holds `atMs`, where calendar periods follow another kind of period, or one in another time
 * zone, that ends at `fromMs`. The first one starts there. Where the border of the new calendar comes within the
 * difference of two time zones, the first period is the one behind it: a December in Berlin that follows a November in
 * Auckland is a month, not a few hours and a month.
 */
export function calendarPeriodFrom(
  fromMs: number,
  at: { readonly unit: CalendarUnit; readonly timeZone: string; readonly atMs: number },
): Period {
  const { unit, timeZone, atMs } = at;
  const around = calendarPeriod(unit, fromMs, timeZone);
  const restMs = around.endMs - fromMs;
  const joins = restMs <= Math.min(zonesDifferMs, (around.endMs - around.startMs) / 2);
  const endMs = joins ? calendarPeriod(unit, around.endMs, timeZone).endMs : around.endMs;
  if (atMs >= endMs) return calendarPeriod(unit, atMs, timeZone);
  if (atMs >= fromMs) return { startMs: fromMs, endMs };
  const before = calendarPeriod(unit, atMs, timeZone);
  return { startMs: before.startMs, endMs: Math.min(before.endMs, fromMs) };
}
