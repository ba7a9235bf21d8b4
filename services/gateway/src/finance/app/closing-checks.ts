import type { FinanceView } from '@tollgate/contracts';

import type { FinanceViews } from './finance-exports.ts';

/** A line of the checklist. `open`: what prevents closing, in words; empty if nothing does. */
export type Check = {
  readonly check: 'ended' | 'reconcile' | 'trial_balance' | 'unbilled' | 'usage' | 'proposals' | 'seals';
  readonly open: readonly string[];
};
export type Row = Readonly<Record<string, unknown>>;

/** A comparison with Stripe that found nothing is valid for this long. */
const comparedWithinMs = 15 * 60_000;
/** Events of a month are still counted in it this long after its end (rule 17). */
const graceMs = 3_600_000;
const shownMax = 5;

/** Every row of a view. */
export async function* rowsOf(
  views: FinanceViews,
  query: { readonly view: FinanceView; readonly month?: string; readonly asOf?: string },
): AsyncGenerator<Row> {
  const signal = new AbortController();
  try {
    for await (const { rows } of views.rows({ ...query, signal: signal.signal })) yield* rows;
  } finally {
    signal.abort();
  }
}

/** Checks, on the current books, what prevents a month from being closed. */
export async function checklist(
  views: FinanceViews,
  of: { readonly period: string; readonly nowMs: number; readonly compared: 'off' | 'asked' },
): Promise<readonly Check[]> {
  const { period, nowMs } = of;
  const month = period;
  const usage = await found(rowsOf(views, { view: 'usage', month }), (row) => usageFault(row));
  const endMs = Math.max(monthEndMs(period), ...usage.ends);
  return [
    {
      check: 'ended',
      open: nowMs < endMs + graceMs ? [`the month takes usage until ${new Date(endMs + graceMs).toISOString()}`] : [],
    },
    { check: 'reconcile', open: of.compared === 'off' ? [] : await compared(views, of) },
    { check: 'trial_balance', open: (await found(rowsOf(views, { view: 'trial_balance' }), balanceFault)).faults },
    {
      check: 'unbilled',
      open: (
        await found(
          rowsOf(views, { view: 'unbilled_usage', month }),
          (row) => `block ${text(row['block'])} of ${text(row['account'])} has no charge`,
        )
      ).faults,
    },
    { check: 'usage', open: usage.faults },
    {
      check: 'proposals',
      open: (await found(rowsOf(views, { view: 'refunds' }), (row) => proposal(row, month))).faults,
    },
    { check: 'seals', open: (await found(rowsOf(views, { view: 'seals' }), (row) => sealFault(row, endMs))).faults },
  ];
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const balanceFault = (row: Row): string | null =>
  text(row['side']).startsWith('total') && text(row['amount']) !== '0'
    ? `${text(row['unit'])} does not add up: ${text(row['amount'])}`
    : null;
const undecided: ReadonlySet<unknown> = new Set(['proposed', 'approved', 'processing', 'failed']);
/** Also of an earlier month: if that is closed, this one tells of the credit. */
const proposal = (row: Row, month: string): string | null =>
  undecided.has(row['status']) && row['origin'] === 'credit' && text(row['month']) <= month
    ? `refund ${text(row['id'])} of ${text(row['amount'])} ${text(row['currency'])} is ${text(row['status'])}`
    : null;

function usageFault(row: Row): string | null {
  const wrong = ['difference', 'unbilled_units', 'blocks_charged_beyond'].filter((name) => text(row[name]) !== '0');
  return wrong.length === 0
    ? null
    : `${text(row['account'])}: ${wrong.map((name) => `${name} ${text(row[name])}`).join(', ')}`;
}

function sealFault(row: Row, endMs: number): string | null {
  if (text(row['broken']) !== '0')
    return `partition ${text(row['partition'])}: ${text(row['broken'])} seals do not follow the one before`;
  const since = row['unsealed_since'];
  return typeof since === 'string' && Date.parse(since) < endMs
    ? `partition ${text(row['partition'])} has unsealed entries since ${since}`
    : null;
}

/** Describes the first faults and the number of the others, and where the period ends. */
async function found(
  rows: AsyncIterable<Row>,
  fault: (row: Row) => string | null,
): Promise<{ readonly faults: readonly string[]; readonly ends: readonly number[] }> {
  const faults: string[] = [];
  let [more, endMs] = [0, 0];
  for await (const row of rows) {
    if (typeof row['period_end'] === 'string') endMs = Math.max(endMs, Date.parse(row['period_end']));
    const words = fault(row);
    if (words === null) continue;
    if (faults.length < shownMax) faults.push(words);
    else more++;
  }
  return { faults: more === 0 ? faults : [...faults, `and ${more} more`], ends: [endMs] };
}

export function monthEndMs(period: string): number {
  const [year = 0, month = 0] = period.split('-').map(Number);
  return Date.UTC(year, month, 1);
}

/** The newest comparison of the month must be finished, clean and recent. */
export async function newestComparison(views: FinanceViews, period: string): Promise<Row | null> {
  for await (const row of rowsOf(views, { view: 'comparisons' })) if (row['period'] === period) return row;
  return null;
}
export const speaks = (run: Row | null, nowMs: number): boolean =>
  run !== null &&
  run['state'] === 'done' &&
  text(run['remaining']) === '0' &&
  text(run['under_way']) === '0' &&
  nowMs - Date.parse(text(run['finished_at'])) <= comparedWithinMs;

async function compared(
  views: FinanceViews,
  { period, nowMs }: { readonly period: string; readonly nowMs: number },
): Promise<readonly string[]> {
  const run = await newestComparison(views, period);
  if (speaks(run, nowMs)) return [];
  if (run === null) return ['never compared with Stripe'];
  if (run['state'] !== 'done') return [`the comparison with Stripe is ${text(run['state'])}: ${text(run['id'])}`];
  const remaining = text(run['remaining']);
  if (remaining !== '0')
    return [
      `${remaining} ${remaining === '1' ? 'difference remains' : 'differences remain'}: reconcile ${text(run['id'])}`,
    ];
  return [
    text(run['under_way']) === '0'
      ? `compared last at ${text(run['finished_at'])}: closing compares anew`
      : `${text(run['under_way'])} just under way: try again in a minute`,
  ];
}
