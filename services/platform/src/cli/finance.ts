import { financeAsOf, financeOrder, financeSchemaName, type FinanceView, financeViews } from '@tollgate/contracts';
import { csvCell } from '@tollgate/kernel';
import { UnknownColumn, viewRows } from '@tollgate/persistence';
import { type Command, Option } from 'commander';

import { withBooks } from './books-access.ts';
import { writeOut } from './csv.ts';
import { CommandFailed } from './output.ts';

/** `finance export <view>`: what docs/finance.md describes, of any size, also while the platform is stopped. */
export function addFinanceCommands(program: Command): void {
  const finance = program
    .command('finance')
    .description('figures for finance: charges, fees, revenue, what is owed, trial balance, statements');
  finance
    .command('export')
    .description(`writes a view to stdout: ${financeViews.join(', ')}`)
    .argument('<view>')
    .addOption(new Option('--format <format>', 'csv, or json (one object a line)').choices(['csv', 'json']))
    .option('--month <yyyy-mm>', 'one month only')
    .option('--user <id>', 'one customer only')
    .option(
      '--as-of <time>',
      'the figures as they were at a time such as 2026-11-01T00:00:00Z, or as a closed month (2026-10) was kept',
    )
    .action(async (view: string, _, command: Command) => {
      const { json = false, format = json ? 'json' : 'csv', month, user, asOf } = command.optsWithGlobals<Options>();
      if (!(financeViews as readonly string[]).includes(view))
        throw new CommandFailed(`there is no view ${view}: ${financeViews.join(', ')}`);
      if (month !== undefined && !isMonth(month)) throw new CommandFailed('--month is written like 2026-10');
      if (asOf !== undefined && !isInstant(asOf) && !isMonth(asOf))
        throw new CommandFailed(
          '--as-of is a closed month such as 2026-10, or a time with its zone such as 2026-11-01T00:00:00Z',
        );
      await withBooks(({ financeUrl }) =>
        exportView(financeUrl, { view: view as FinanceView, format, month, user, asOf }),
      );
    });
}

type Options = { json?: boolean; format?: string; month?: string; user?: string; asOf?: string };
type Export = { readonly view: FinanceView; readonly format: string } & {
  readonly [Name in 'month' | 'user' | 'asOf']: string | undefined;
};

const isMonth = (text: string): boolean => /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
const isInstant = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));

async function exportView(url: string, { format, view, month, user, asOf }: Export): Promise<void> {
  let head = format === 'csv';
  const moment = asOf === undefined || isInstant(asOf) ? asOf : await momentOf(url, asOf);
  try {
    for await (const { columns, rows } of viewRows(url, {
      schema: financeSchemaName,
      view,
      where: { month, user_id: user },
      order: financeOrder[view],
      settings: { [financeAsOf]: moment },
    })) {
      if (head) await writeOut(`${columns.join(',')}\n`);
      head = false;
      await writeOut(
        rows
          .map(
            (row) =>
              `${format === 'json' ? JSON.stringify(row) : columns.map((name) => csvCell(row[name])).join(',')}\n`,
          )
          .join(''),
      );
    }
  } catch (error) {
    throw error instanceof UnknownColumn ? new CommandFailed(error.message) : error;
  }
}

/** When a closed month was kept. */
async function momentOf(url: string, period: string): Promise<string> {
  for await (const { rows } of viewRows(url, { schema: financeSchemaName, view: 'closings', where: { period } })) {
    const closed = rows.find((row) => row['in_force'] === true);
    if (typeof closed?.['as_of'] === 'string') return closed['as_of'];
  }
  throw new CommandFailed(`${period} is not closed`);
}
