import type { EntryView } from '@tollgate/contracts';
import { csvCell } from '@tollgate/kernel';
import type { Command } from 'commander';
import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
import { writeOut } from './csv.ts';
import { CommandFailed } from './output.ts';

const pageSize = 500;
const columns = [
  'id', 'seq', 'kind', 'amount', 'balance_after', 'held_after', 'used_after', 'unit', 'contra', 'source', 'request_id', 'ordinal',
  'corrects', 'period', 'occurred_at', 'recorded_at',
] as const satisfies readonly (keyof EntryView)[];

/** `export`: the entries of one account on stdout, newest first, a page at a time. */
export function addExportCommand(program: Command, connect: Connect): void {
  program.command('export')
    .description('writes the entries of an account to stdout, newest first, as CSV (or JSON lines with --json)')
    .argument('[account]')
    .option('--account <id>', 'the account, instead of the argument')
    .option('--from <time>', 'recorded at or after')
    .option('--to <time>', 'recorded before')
    .option('--format <format>', 'csv or json', 'csv')
    .option('--report', 'sums by day, kind and model instead of the entries; default: the last 30 days')
    .action((argument: string | undefined, _, command: Command) =>
      connect(command, async (api) => {
        const options = command.optsWithGlobals<ExportOptions>();
        const { account = argument, from, to, format } = options;
        if (account === undefined) throw new CommandFailed('which account? export <account>, or --account <id>');
        if (format !== 'csv' && format !== 'json') throw new CommandFailed(`--format is csv or json, not ${format}`);
        const json = options.json === true || format === 'json';
        if (options.report === true) return report(api, account, { json, from, to });
        if (!json) await writeOut(`${columns.join(',')}\n`);
        for await (const page of pages(api, account, { from, to })) {
          await writeOut(page.map((entry) => `${json ? JSON.stringify(entry) : columns.map((name) => csvCell(entry[name])).join(',')}\n`).join(''));
        }
      }));
}

type ExportOptions = {
  readonly json?: boolean; readonly account?: string; readonly from?: string; readonly to?: string; readonly format: string; readonly report?: boolean;
};
type Report = { readonly rows: readonly Readonly<Record<string, unknown>>[] };
const reportColumns = ['day', 'kind', 'model', 'entries', 'amount', 'input_tokens', 'output_tokens'];

async function report(api: Api, account: string, { json, from, to }: { json: boolean; from: string | undefined; to: string | undefined }): Promise<void> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ from, to })) if (value !== undefined) query.set(name, value);
  const found = await api.send<Report>('GET', `/v1/accounts/${encodeURIComponent(account)}/report?${query}`);
  if (found === undefined) throw new CommandFailed(`there is no account ${account}`);
  if (json) return writeOut(`${JSON.stringify(found)}\n`);
  await writeOut([reportColumns.join(','), ...found.rows.map((row) => reportColumns.map((name) => csvCell(row[name])).join(','))].map((line) => `${line}\n`).join(''));
}

async function* pages(api: Api, account: string, bounds: Readonly<Record<string, string | undefined>>): AsyncGenerator<readonly EntryView[]> {
  let after: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(pageSize) });
    for (const [name, value] of Object.entries({ ...bounds, after: after ?? undefined })) if (value !== undefined) query.set(name, value);
    const path = `/v1/accounts/${encodeURIComponent(account)}/entries?${query}`;
    const page: { readonly items: readonly EntryView[]; readonly next: string | null } | undefined = await api.send('GET', path);
    if (page === undefined) throw new CommandFailed(`there is no account ${account}`);
    yield page.items;
    after = page.next;
  } while (after !== null);
}
