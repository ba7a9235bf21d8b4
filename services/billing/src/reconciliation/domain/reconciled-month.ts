import { AppError } from '@tollgate/kernel';
import { monthOf, monthStart, type Period } from '@tollgate/pricing';

const dayMs = 86_400_000;
/** Half of the shortest month, and more than any time zone is away from UTC. */
const halfMonthMs = 14 * dayMs;

/** A month that is compared. Each border is half-open. */
export type ReconciledMonth = {
  readonly period: string;
  /**
   * Of what has but a moment (invoices, refunds, payments that are not ours): the calendar month in the plan's time
   * zone.
   */
  readonly moments: Period;
  /**
   * Of periods, by their start: a month is named by its middle, whatever the time zone of its borders
   * (docs/finance.md), so that each period of each account is in exactly one month.
   */
  readonly starts: Period;
};

/** @throws AppError('invalid', REQUEST_INVALID) for what is no month, or one that has not begun. */
export function reconciledMonth(period: string, timeZone: string, nowMs: number): ReconciledMonth {
  const parts = /^(2\d{3})-(0[1-9]|1[0-2])$/.exec(period);
  if (parts === null) throw new AppError('invalid', 'REQUEST_INVALID', 'period is a month such as 2026-10');
  const [year, month] = [Number(parts[1]), Number(parts[2])];
  const next = month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 };
  const moments = { startMs: monthStart({ year, month }, timeZone), endMs: monthStart(next, timeZone) };
  if (moments.startMs > nowMs) throw new AppError('invalid', 'REQUEST_INVALID', `${period} has not begun`);
  const starts = {
    startMs: Date.UTC(year, month - 1, 1) - halfMonthMs,
    endMs: Date.UTC(next.year, next.month - 1, 1) - halfMonthMs,
  };
  return { period, moments, starts };
}

/** The month that it is, as `2026-10`. */
export function monthNow(nowMs: number, timeZone: string): string {
  const { year, month } = monthOf(nowMs, timeZone);
  return `${String(year)}-${String(month).padStart(2, '0')}`;
}
