import type { EntryView, LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

/** What was booked on one day (UTC, by the time it was recorded), of one kind of entry and one model. */
export type UsageRow = {
  readonly day: string;
  readonly kind: string;
  readonly model?: string;
  readonly entries: number;
  /** Signed sum in the account's unit. */
  readonly amount: string;
  readonly input_tokens: string;
  readonly output_tokens: string;
};
export type UsageReport = {
  readonly account: string;
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
  readonly entries: number;
  /** Sum of all rows: what the balance changed by. */
  readonly amount: string;
  readonly rows: readonly UsageRow[];
};

const dayMs = 86_400_000;
const daysMax = 366;
const daysDefault = 30;
const pageSize = 500;

type Sum = { entries: number; amount: bigint; input: bigint; output: bigint };

/**
 * Sums an account's entries of a period by day, kind and model, reading page by page: the memory is that of the rows, however
 * many entries there are. Default: the 30 days before now.
 * @throws AppError('invalid') for a period that ends before it begins or is longer than 366 days; ('not_found').
 */
export async function usageReport(
  ledger: Pick<LedgerQueries, 'entries'>, of: { readonly account: string; readonly from?: string | undefined; readonly to?: string | undefined; readonly nowMs: number },
): Promise<UsageReport> {
  const toMs = of.to === undefined ? of.nowMs : Date.parse(of.to);
  const fromMs = of.from === undefined ? toMs - daysDefault * dayMs : Date.parse(of.from);
  if (fromMs >= toMs) throw new AppError('invalid', 'REQUEST_INVALID', 'from must lie before to');
  if (toMs - fromMs > daysMax * dayMs) throw new AppError('invalid', 'REQUEST_INVALID', `a report covers ${daysMax} days at most`);
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];

  const sums = new Map<string, Sum>();
  let after: string | undefined;
  do {
    const page = await ledger.entries({ account: of.account, from, to, limit: pageSize, ...(after === undefined ? {} : { after }) });
    if (page === null) throw new AppError('not_found', 'ACCOUNT_UNKNOWN', 'there is no such account');
    for (const entry of page.items) add(sums, entry);
    after = page.next ?? undefined;
  } while (after !== undefined);

  const rows = [...sums].map(([key, sum]) => rowOf(key, sum)).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const all = [...sums.values()];
  return {
    account: of.account, from, to,
    entries: all.reduce((total, { entries }) => total + entries, 0),
    amount: String(all.reduce((total, { amount }) => total + amount, 0n)),
    rows,
  };
}

const keyOf = ({ day, kind, model = '' }: Pick<UsageRow, 'day' | 'kind' | 'model'>): string => JSON.stringify([day, kind, model]);

function add(sums: Map<string, Sum>, { recorded_at: recorded, kind, amount, rate }: EntryView): void {
  const { model, input_tokens: input, output_tokens: output } = rate?.inputs ?? {};
  const key = keyOf({ day: recorded.slice(0, 10), kind, ...(model === undefined ? {} : { model }) });
  const sum = sums.get(key) ?? { entries: 0, amount: 0n, input: 0n, output: 0n };
  sums.set(key, sum);
  sum.entries++;
  sum.amount += BigInt(amount);
  sum.input += BigInt(input ?? '0');
  sum.output += BigInt(output ?? '0');
}

function rowOf(key: string, { entries, amount, input, output }: Sum): UsageRow {
  const [day = '', kind = '', model = ''] = JSON.parse(key) as string[];
  return {
    day, kind, ...(model === '' ? {} : { model }), entries, amount: String(amount), input_tokens: String(input), output_tokens: String(output),
  };
}

const columns = ['day', 'kind', 'model', 'entries', 'amount', 'input_tokens', 'output_tokens'] as const satisfies readonly (keyof UsageRow)[];

/** RFC 4180. A leading = + - @ that is no number could be run by a spreadsheet: it gets a quote before it. */
export function csvOf({ rows }: UsageReport): string {
  const cell = (value: unknown): string => {
    const text = value === undefined ? '' : String(value);
    const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+$/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns.join(','), ...rows.map((row) => columns.map((name) => cell(row[name])).join(','))].map((line) => `${line}\r\n`).join('');
}
