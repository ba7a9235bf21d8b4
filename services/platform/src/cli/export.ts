import type { EntryView } from '@tollgate/contracts';
import { csvCell } from '@tollgate/kernel';
import { quantitiesOf } from '@tollgate/pricing';
import type { Command } from 'commander';

import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
import { writeOut } from './csv.ts';
import { CommandFailed } from './output.ts';

const pageSize = 500;
const columns = [
  'id',
  'seq',
  'kind',
  'amount',
  'balance_after',
  'held_after',
  'used_after',
  'unit',
  'contra',
  'source',
  'request_id',
  'ordinal',
  'corrects',
  'period',
  'occurred_at',
  'recorded_at',
] as const satisfies readonly (keyof EntryView)[];
/** What stands in the entry's parts, each a column behind the others. */
const derived: Readonly<Record<string, (entry: EntryView) => unknown>> = {
  lot: ({ lot }) => lot,
  hold_id: ({ hold_id: hold }) => hold,
  late: ({ late }) => late,
  reason: ({ details }) => details?.['reason'],
  actor: ({ details }) => details?.['actor'],
  model: ({ rate }) => rate?.inputs['model'],
  /** Such as `input_tokens=5 output_tokens=8`. */
  counts: ({ rate }) =>
    [...quantitiesOf(rate?.inputs ?? {})].map(([name, quantity]) => `${name}=${quantity}`).join(' '),
};
const lineOf = (entry: EntryView): string =>
  [...columns.map((name) => entry[name]), ...Object.values(derived).map((of) => of(entry))].map(csvCell).join(',');

/** `export`: the entries of one account on stdout, newest first, a page at a time. */
export function addExportCommand(program: Command, connect: Connect): void {
  program
    .command('export')
    .description('writes the entries of an account to stdout, newest first, as CSV (or JSON lines with --json)')
    .argument('[account]')
    .option('--account <id>', 'the account, instead of the argument')
    .option('--from <time>', 'recorded at or after; with --report used at or after, a time or a date')
    .option('--to <time>', 'recorded before; with --report used before')
    .option('--format <format>', 'csv or json', 'csv')
    .option(
      '--report',
      'sums by day, kind and model instead of the entries, with a column for each quantity; default: the last 30 days',
    )
    .option('--by <time>', 'with --report: days and bounds by the time of "use" or of "booked"', 'use')
    .option('--zone <zone>', 'with --report: the time zone of its days, such as Europe/Berlin', 'UTC')
    .action((argument: string | undefined, _, command: Command) =>
      connect(command, async (api) => {
        const options = command.optsWithGlobals<ExportOptions>();
        const { account = argument, from, to, format, by, zone } = options;
        if (account === undefined) throw new CommandFailed('which account? export <account>, or --account <id>');
        if (format !== 'csv' && format !== 'json') throw new CommandFailed(`--format is csv or json, not ${format}`);
        const json = options.json === true || format === 'json';
        if (by !== 'use' && by !== 'booked') throw new CommandFailed(`--by is use or booked, not ${by}`);
        if (options.report === true) return report(api, account, { json, bounds: { from, to, by, zone } });
        if (!json) await writeOut(`${[...columns, ...Object.keys(derived)].join(',')}\n`);
        for await (const page of pages(api, account, { from, to })) {
          await writeOut(page.map((entry) => `${json ? JSON.stringify(entry) : lineOf(entry)}\n`).join(''));
        }
      }),
    );
}

type ExportOptions = {
  readonly json?: boolean;
  readonly account?: string;
  readonly from?: string;
  readonly to?: string;
  readonly format: string;
  readonly report?: boolean;
  readonly by: string;
  readonly zone: string;
};
type Row = Readonly<Record<string, unknown>> & { readonly counts?: Readonly<Record<string, string>> };
type Report = { readonly rows: readonly Row[] };
const reportColumns = ['day', 'kind', 'model', 'entries', 'amount', 'input_tokens', 'output_tokens'];

type Bounds = Readonly<Record<string, string | undefined>>;

async function report(
  api: Api,
  account: string,
  { json, bounds }: { readonly json: boolean; readonly bounds: Bounds },
): Promise<void> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(bounds)) if (value !== undefined) query.set(name, value);
  const found = await api.send<Report>('GET', `/v1/accounts/${encodeURIComponent(account)}/report?${query}`);
  if (found === undefined) throw new CommandFailed(`there is no account ${account}`);
  if (json) return writeOut(`${JSON.stringify(found)}\n`);
  const counts = [...new Set(found.rows.flatMap((row) => Object.keys(row.counts ?? {})))].sort();
  const lines = found.rows.map((row) => [
    ...reportColumns.map((name) => row[name]),
    ...counts.map((name) => row.counts?.[name] ?? '0'),
  ]);
  await writeOut([[...reportColumns, ...counts], ...lines].map((line) => `${line.map(csvCell).join(',')}\n`).join(''));
}

async function* pages(api: Api, account: string, bounds: Bounds): AsyncGenerator<readonly EntryView[]> {
  let after: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(pageSize) });
    for (const [name, value] of Object.entries({ ...bounds, after: after ?? undefined }))
      if (value !== undefined) query.set(name, value);
    const path = `/v1/accounts/${encodeURIComponent(account)}/entries?${query}`;
    const page: { readonly items: readonly EntryView[]; readonly next: string | null } | undefined = await api.send(
      'GET',
      path,
    );
    if (page === undefined) throw new CommandFailed(`there is no account ${account}`);
    yield page.items;
    after = page.next;
  } while (after !== null);
}
