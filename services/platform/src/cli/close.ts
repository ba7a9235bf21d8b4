import type { ClosingView } from '@tollgate/contracts';
import type { Command } from 'commander';

import type { Connect } from './connect.ts';
import { CommandFailed } from './output.ts';

type Step = { readonly data: ClosingView };
type Month = {
  readonly data: {
    readonly period: string;
    readonly closed: boolean;
    readonly checklist: readonly { readonly check: string; readonly open: readonly string[] }[];
  };
};

const path = (period: string): string => `/api/admin/billing/periods/${encodeURIComponent(period)}`;

/** `close` and `reopen`: closes a month, or opens it again. */
export function addCloseCommands(program: Command, connect: Connect): void {
  program
    .command('close')
    .description('closes a month: checks it, keeps its figures and seals their hash; again answers the same')
    .requiredOption('--period <yyyy-mm>', 'the month')
    .option('--check', 'only checks whether the month can be closed; exit code 1 if it cannot')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const { period, check = false } = command.opts<{ period: string; check?: boolean }>();
        if (!check) {
          const answer = await api.send<Step>('POST', `${path(period)}/close`, { body: {} });
          if (answer === undefined) throw new CommandFailed('the platform does not know how to close a month');
          output.result(answer.data, linesOf(answer.data));
          return;
        }
        const answer = await api.send<Month>('GET', path(period));
        if (answer === undefined) throw new CommandFailed('the platform does not know how to close a month');
        const { closed, checklist } = answer.data;
        const open = checklist.filter((each) => each.open.length > 0);
        output.result(
          answer.data,
          closed
            ? [`${period} is closed.`]
            : checklist.map(
                (each) => `${each.check}: ${each.open.length === 0 ? 'nothing open' : each.open.join('; ')}`,
              ),
        );
        process.exitCode = open.length === 0 ? 0 : 1;
      }),
    );

  program
    .command('reopen')
    .description('reopens a closed month; the figures that were kept stay')
    .requiredOption('--period <yyyy-mm>', 'the month')
    .requiredOption('--reason <text>', 'why, for the books')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const { period, reason } = command.opts<{ period: string; reason: string }>();
        const answer = await api.send<Step>('POST', `${path(period)}/reopen`, { body: { reason } });
        if (answer === undefined) throw new CommandFailed('the platform does not know how to reopen a month');
        output.result(answer.data, linesOf(answer.data));
      }),
    );
}

const linesOf = ({ period, type, as_of: asOf, hash, entry, by, at, reason }: ClosingView): readonly string[] => [
  `${period} ${type} at ${at} by ${by}${reason === null ? '' : `: ${reason}`}`,
  ...(asOf === null ? [] : [`figures as of ${asOf}, SHA-256 ${hash}`]),
  `entry ${entry}`,
];
