import { AppError } from '@tollgate/kernel';
import { Temporal } from 'temporal-polyfill';

import type { Period } from './calendar-month.ts';
import { calendarUnitOf } from './calendar-period.ts';

/** Shortest period between resets: shorter ones would fill the books with resets. */
const durationMinMs = 60_000;

/**
 * Checks a period: an ISO 8601 duration (`P30D`, `P1M`, `PT1H`) of at least one minute, counted from 2000-01-01, or
 * `calendar:day`, `calendar:week` or `calendar:month`.
 * @throws AppError('invalid', REQUEST_INVALID)
 */
export function parsePeriod(text: string): string {
  if (typeof text === 'string' && calendarUnitOf(text) !== null) return text;
  try {
    const start = Temporal.Instant.from('2000-01-01T00:00:00Z').toZonedDateTimeISO('UTC');
    if (start.add(Temporal.Duration.from(text)).epochMilliseconds - start.epochMilliseconds >= durationMinMs)
      return text;
  } catch {
    // The message below is what the caller can use; the library's names its own terms.
  }
  throw new AppError(
    'invalid',
    'REQUEST_INVALID',
    'period is calendar:day, calendar:week, calendar:month or an ISO 8601 duration of at least one minute, such ' +
      'as P30D',
  );
}

/**
 * The period that holds `atMs` when periods of `duration` follow each other from `anchorMs` on (UTC); `atMs` ≥
 * `anchorMs`.
 */
export function periodSince(anchorMs: number, duration: string, atMs: number): Period {
  const length = fixedLengthMs(duration);
  if (length !== undefined) {
    const index = Math.max(0, Math.floor((atMs - anchorMs) / length));
    return { startMs: anchorMs + index * length, endMs: anchorMs + (index + 1) * length };
  }
  const parsed = Temporal.Duration.from(duration);
  const anchor = Temporal.Instant.fromEpochMilliseconds(anchorMs).toZonedDateTimeISO('UTC');
  const at = (index: number): number => anchor.add(times(parsed, index)).epochMilliseconds;
  const approximate = at(1) - anchorMs;
  let index = Math.max(0, Math.floor((atMs - anchorMs) / approximate) - 1);
  while (at(index + 1) <= atMs) index++;
  while (index > 0 && at(index) > atMs) index--;
  return { startMs: at(index), endMs: at(index + 1) };
}

/** Days and shorter have one length in UTC; months and years do not. */
function fixedLengthMs(duration: string): number | undefined {
  const { years, months, weeks, days, hours, minutes, seconds } = Temporal.Duration.from(duration);
  if (years !== 0 || months !== 0) return undefined;
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

function times(duration: Temporal.Duration, count: number): Temporal.Duration {
  const { years, months, weeks, days, hours, minutes, seconds } = duration;
  return Temporal.Duration.from({
    years: years * count,
    months: months * count,
    weeks: weeks * count,
    days: days * count,
    hours: hours * count,
    minutes: minutes * count,
    seconds: seconds * count,
  });
}

/**
 * When it is `local` (`2026-10-31T12:00:00.5`) on the clocks of a zone, in ms; null: no such time of day or day. Of a
 * time that comes twice the first is meant; one that is skipped is as much later as the clocks are put forward.
 */
export function localInstant(local: string, timeZone: string): number | null {
  try {
    return Temporal.PlainDateTime.from(local, { overflow: 'reject' }).toZonedDateTime(timeZone, {
      disambiguation: 'compatible',
    }).epochMilliseconds;
  } catch {
    return null;
  }
}

/** The day (`2026-10-31`) on which `atMs` falls in a zone. */
export const dayIn = (atMs: number, timeZone: string): string =>
  timeZone === 'UTC'
    ? new Date(atMs).toISOString().slice(0, 10)
    : Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone).toPlainDate().toString();
