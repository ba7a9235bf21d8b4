import type { EntryView, LedgerQueries } from '@tollgate/contracts';
import { AppError, csvCell } from '@tollgate/kernel';
import { dayIn, localInstant, quantitiesOf } from '@tollgate/pricing';

/** Usage (or bookings) of one day in a zone, of one kind of entry and one model. */
export type UsageRow = {
  readonly day: string;
  readonly kind: string;
  readonly model?: string;
  readonly entries: number;
  /** Signed sum in the account's unit. */
  readonly amount: string;
  readonly input_tokens: string;
  readonly output_tokens: string;
  /** Sums of all other quantities that were counted, by name. */
  readonly counts?: Readonly<Record<string, string>>;
};
/** The time by which entries are reported: of use, or of booking. */
export type ReportBy = 'use' | 'booked';
export type UsageReport = {
  readonly account: string;
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
  readonly by: ReportBy;
  readonly zone: string;
  readonly entries: number;
  /** Sum of all rows; by the time of booking it is what the balance changed by. */
  readonly amount: string;
  readonly rows: readonly UsageRow[];
};

const dayMs = 86_400_000;
/** Maximum period in whole days of a zone, whose clock changes may add an hour. */
const daysMax = 366;
const hourMs = 3_600_000;
const daysDefault = 30;
const pageSize = 500;

type Sum = { entries: number; amount: bigint; readonly counts: Map<string, bigint> };

/** `from` and `to`: a date, whose first instant in the zone is meant, or a timestamp. */
type ReportOf = {
  readonly account: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly by?: ReportBy | undefined;
  readonly zone?: string | undefined;
  /** Entries with lower numbers in the account are left out. */
  readonly fromSeq?: string | undefined;
  readonly nowMs: number;
};

/**
 * Sums an account's entries of a period by day, kind and model. Reads page by page, so memory is bounded by the rows of
 * the report. Default period: the last 30 days, including the present moment, because a test clock may stand still.
 * @throws AppError('invalid') for a period that ends before it begins or is longer than 366 days; ('not_found').
 */
export async function usageReport(ledger: Pick<LedgerQueries, 'entries'>, of: ReportOf): Promise<UsageReport> {
  const { by = 'use', zone = 'UTC' } = of;
  const toMs = of.to === undefined ? of.nowMs + 1 : momentMs(of.to, zone);
  const fromMs = of.from === undefined ? toMs - daysDefault * dayMs : momentMs(of.from, zone);
  if (fromMs >= toMs) throw new AppError('invalid', 'REQUEST_INVALID', 'from must lie before to');
  if (toMs - fromMs > daysMax * dayMs + hourMs)
    throw new AppError('invalid', 'REQUEST_INVALID', `a report covers ${daysMax} days at most`);
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];

  const sums = new Map<string, Sum>();
  const dayOf = daysIn(zone);
  let after: string | undefined;
  do {
    const page = await ledger.entries({
      account: of.account,
      from,
      to,
      by,
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
      ...(of.fromSeq === undefined ? {} : { from_seq: of.fromSeq }),
    });
    if (page === null) throw new AppError('not_found', 'ACCOUNT_UNKNOWN', 'there is no such account');
    for (const entry of page.items) add(sums, entry, dayOf(by === 'use' ? entry.occurred_at : entry.recorded_at));
    after = page.next ?? undefined;
  } while (after !== undefined);

  const rows = [...sums].map(([key, sum]) => rowOf(key, sum)).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const all = [...sums.values()];
  return {
    account: of.account,
    from,
    to,
    by,
    zone,
    entries: all.reduce((total, { entries }) => total + entries, 0),
    amount: String(all.reduce((total, { amount }) => total + amount, 0n)),
    rows,
  };
}

const keyOf = ({ day, kind, model = '' }: Pick<UsageRow, 'day' | 'kind' | 'model'>): string =>
  JSON.stringify([day, kind, model]);

const momentMs = (text: string, zone: string): number =>
  /^\d{4}-\d\d-\d\d$/.test(text) ? (localInstant(`${text}T00:00:00`, zone) ?? Number.NaN) : Date.parse(text);

/** Zones differ by whole quarters of an hour, so the day is computed once per quarter. */
function daysIn(zone: string): (time: string) => string {
  const known = new Map<number, string>();
  return (time) => {
    const quarter = Math.floor(Date.parse(time) / 900_000);
    const day = known.get(quarter) ?? dayIn(quarter * 900_000, zone);
    known.set(quarter, day);
    return day;
  };
}

function add(sums: Map<string, Sum>, { kind, amount, rate }: EntryView, day: string): void {
  const { model, ...inputs } = rate?.inputs ?? {};
  const key = keyOf({ day, kind, ...(model === undefined ? {} : { model }) });
  const sum = sums.get(key) ?? { entries: 0, amount: 0n, counts: new Map<string, bigint>() };
  sums.set(key, sum);
  sum.entries++;
  sum.amount += BigInt(amount);
  for (const [name, quantity] of quantitiesOf(inputs)) sum.counts.set(name, (sum.counts.get(name) ?? 0n) + quantity);
}

function rowOf(key: string, { entries, amount, counts }: Sum): UsageRow {
  const [day = '', kind = '', model = ''] = JSON.parse(key) as string[];
  const others = [...counts]
    .filter(([name]) => name !== 'input_tokens' && name !== 'output_tokens')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    day,
    kind,
    ...(model === '' ? {} : { model }),
    entries,
    amount: String(amount),
    input_tokens: String(counts.get('input_tokens') ?? 0n),
    output_tokens: String(counts.get('output_tokens') ?? 0n),
    ...(others.length === 0 ? {} : { counts: Object.fromEntries(others.map(([name, sum]) => [name, String(sum)])) }),
  };
}

const columns = [
  'day',
  'kind',
  'model',
  'entries',
  'amount',
  'input_tokens',
  'output_tokens',
] as const satisfies readonly (keyof UsageRow)[];

/** Names of all other quantities: each is a column after the fixed ones. */
const countColumns = (rows: readonly UsageRow[]): readonly string[] =>
  [...new Set(rows.flatMap(({ counts = {} }) => Object.keys(counts)))].sort();

/** RFC 4180, with a column for each quantity that was counted. */
export function csvOf({ rows }: UsageReport): string {
  const others = countColumns(rows);
  const lines = rows.map((row) => [
    ...columns.map((name) => row[name]),
    ...others.map((name) => row.counts?.[name] ?? '0'),
  ]);
  return [[...columns, ...others], ...lines].map((line) => `${line.map(csvCell).join(',')}\r\n`).join('');
}
