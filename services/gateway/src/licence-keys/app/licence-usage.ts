import type { LedgerQueries } from '@tollgate/contracts';

import { usageReport } from '../../usage-report/app/usage-report.ts';

const dayMs = 86_400_000;
const days = 7;
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** Uses of the last seven days, today included, in UTC. */
export type WeekOfUse = {
  /** Oldest first. */
  readonly perDay: readonly number[];
  readonly labels: readonly string[];
  readonly total: number;
  /** A day, rounded to 2 decimals. */
  readonly average: number;
};
export type OwnAccount = { readonly account: string; readonly since: { readonly seq: string } };

/** Usage of accounts since they belong to their present owner. */
export async function weekOfUse(
  ledger: Pick<LedgerQueries, 'entries'>,
  accounts: readonly OwnAccount[],
  nowMs: number,
): Promise<WeekOfUse> {
  const todayMs = Math.floor(nowMs / dayMs) * dayMs;
  const starts = Array.from({ length: days }, (_, index) => todayMs - (days - 1 - index) * dayMs);
  const [from = todayMs] = starts;
  const used = new Map<string, bigint>();
  for (const { account, since } of accounts) {
    const report = await usageReport(ledger, {
      account,
      fromSeq: since.seq,
      nowMs,
      by: 'booked',
      from: new Date(from).toISOString(),
      to: new Date(todayMs + dayMs).toISOString(),
    });
    for (const { day, kind, amount } of report.rows)
      if (kind === 'spent') used.set(day, (used.get(day) ?? 0n) - BigInt(amount));
  }
  const perDay = starts.map((startMs) => Number(used.get(new Date(startMs).toISOString().slice(0, 10)) ?? 0n));
  const total = perDay.reduce((sum, count) => sum + count, 0);
  return {
    perDay,
    labels: starts.map((startMs) => weekdays[new Date(startMs).getUTCDay()] ?? ''),
    total,
    average: Math.round((total * 100) / days) / 100,
  };
}

/** Whole days that the balance lasts at the week's average; null: nothing was used in the week. */
export const daysLeft = (balance: bigint, { total }: WeekOfUse): number | null =>
  total === 0 ? null : Number((balance * BigInt(days)) / BigInt(total));
