import { type Command, Option } from 'commander';

import type { Connect } from './connect.ts';
import { writeOut } from './csv.ts';
import { CommandFailed } from './output.ts';

type Options = {
  readonly user: string;
  readonly period: string;
  readonly format?: 'json' | 'csv' | 'html';
  readonly json?: boolean;
};

/** `statement`: what a customer used, was charged, paid and had back in a month, for people. */
export function addStatementCommand(program: Command, connect: Connect): void {
  program
    .command('statement')
    .description(
      "writes a customer's statement of a month to stdout: usage, blocks, fee, credits, payments, refunds, balances",
    )
    .requiredOption('--user <id>', 'the customer')
    .requiredOption('--period <yyyy-mm>', 'the month')
    .addOption(new Option('--format <format>', 'html (a page to print), csv or json').choices(['html', 'csv', 'json']))
    .action(async (_, command: Command) => {
      const { user, period, json = false, format = json ? 'json' : 'html' } = command.optsWithGlobals<Options>();
      if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(period)) throw new CommandFailed('--period is a month such as 2026-10');
      await connect(command, async (api) => {
        const text = await api.text(`/v1/customers/${encodeURIComponent(user)}/statements/${period}?format=${format}`);
        if (text === undefined) throw new CommandFailed(`there is no customer ${user}`);
        await writeOut(text.endsWith('\n') ? text : `${text}\n`);
      });
    });
}
