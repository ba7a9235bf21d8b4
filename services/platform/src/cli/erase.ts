import type { Command } from 'commander';

import type { Connect } from './connect.ts';
import { CommandFailed } from './output.ts';

type Erasure = {
  readonly accounts: readonly string[];
  readonly erased: Readonly<Record<string, number>>;
  readonly operations_under_way: number;
  readonly proofs: { readonly seals: number; readonly problems: readonly string[] };
  readonly prune: readonly { readonly partition: number; readonly before: string }[];
};

/** `erase`: what was said beside entries, with every copy; through `/v1/erasures`. */
export function addEraseCommand(program: Command, connect: Connect): void {
  program
    .command('erase')
    .description(
      'erases metadata, purposes and free text of an account or a user, with every copy; amounts and ids stay',
    )
    .option('--account <id>', 'one account')
    .option('--user <id>', 'the accounts of a user on every surface, those that the user owns or owned, and the login')
    .addHelpText(
      'after',
      '\nExit code 0: erased, and all proofs hold. 1: a seal does not hold, named, or nothing is known of the ' +
        'id. The log still has the words until it is pruned (`prune`) below the offsets named.',
    )
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const { account, user } = command.opts<{ account?: string; user?: string }>();
        if ((account === undefined) === (user === undefined))
          throw new CommandFailed('give either --account <id> or --user <id>');
        const done = await api.send<Erasure>('POST', '/v1/erasures', {
          body: account === undefined ? { user } : { account },
        });
        if (done === undefined) throw new CommandFailed('the platform has no route for this');
        const { erased, proofs, prune, operations_under_way: underWay } = done;
        const known = done.accounts.length > 0 || underWay > 0 || Object.values(erased).some((count) => count > 0);
        if (!known)
          throw new CommandFailed(
            `nothing is known of ${account === undefined ? `the user ${user}` : `the account ${account}`}: ` +
              `nothing was erased`,
          );
        output.result(done, [
          `${done.accounts.length} accounts; erased: ${Object.entries(erased)
            .map(([what, count]) => `${count} ${what.replaceAll('_', ' ')}`)
            .join(', ')}`,
          ...(underWay === 0
            ? []
            : [`${underWay} operations are under way and were left: run this again in some minutes`]),
          proofs.problems.length === 0
            ? `all proofs hold: ${proofs.seals} seals recomputed`
            : `${proofs.problems.length} seals do not hold:`,
          ...proofs.problems.map((problem) => `  ${problem}`),
          ...prune.map(
            ({ partition, before }) =>
              `prune the log of partition ${partition} up to below offset ${before}: it still holds the words`,
          ),
        ]);
        if (proofs.problems.length > 0) process.exitCode = 1;
      }),
    );
}
