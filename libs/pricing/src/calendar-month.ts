import { Temporal } from 'temporal-polyfill';

/** A half-open stretch of time, [startMs, endMs), in milliseconds since 1970. */
export type Period = { readonly startMs: number; readonly endMs: number };

/** The calendar month that holds `atMs` in a time zone (rule 17). */
export function calendarMonth(atMs: number, timeZone: string): Period {
  if (timeZone === 'UTC') {
    const date = new Date(atMs);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return { startMs: Date.UTC(year, month, 1), endMs: Date.UTC(year, month + 1, 1) };
  }
  const at = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone);
  const start = at.with({ day: 1 }).startOfDay();
  const next = start.toPlainDate().add({ months: 1 }).toZonedDateTime({ timeZone });
  return { startMs: start.epochMilliseconds, endMs: next.epochMilliseconds };
}

/** A calendar month; `month` from 1. */
export type YearMonth = { readonly year: number; readonly month: number };

/** The calendar month that it is at `atMs` in a time zone. */
export function monthOf(atMs: number, timeZone: string): YearMonth {
  const { year, month } = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone);
  return { year, month };
}

/** When a calendar month begins in a time zone: the first instant of its first day, also where midnight is skipped. */
export const monthStart = ({ year, month }: YearMonth, timeZone: string): number =>
  Temporal.PlainDate.from({ year, month, day: 1 }).toZonedDateTime({ timeZone }).epochMilliseconds;
