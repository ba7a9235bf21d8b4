import { once } from 'node:events';
import type { EntryView } from '@tollgate/contracts';
import type { Command } from 'commander';
import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
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
    .argument('<account>')
    .option('--from <time>', 'recorded at or after')
    .option('--to <time>', 'recorded before')
    .action((account: string, _, command: Command) =>
      connect(command, async (api) => {
        const { json = false, from, to } = command.optsWithGlobals<{ json?: boolean; from?: string; to?: string }>();
        if (!json) await write(`${columns.join(',')}\n`);
        for await (const page of pages(api, account, { from, to })) {
          await write(page.map((entry) => `${json ? JSON.stringify(entry) : columns.map((name) => cell(entry[name])).join(',')}\n`).join(''));
        }
      }));
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

/** A value as RFC 4180 wants it. A leading = + - @ that is no number could be run by a spreadsheet: it gets a quote before it. */
function cell(value: unknown): string {
  const text = value === undefined ? '' : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

async function write(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}
