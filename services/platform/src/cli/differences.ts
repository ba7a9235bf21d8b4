import type { AssignedPaymentView, DifferenceView } from '@tollgate/contracts';
import { decimalAmount } from '@tollgate/pricing';
import type { Command } from 'commander';

import type { Connect } from './connect.ts';
import { CommandFailed } from './output.ts';

/** `acknowledge` and `assign`: differences that `reconcile` lists and no fix mends, for a person to decide. */
export function addDifferencesCommands(program: Command, connect: Connect): void {
  program
    .command('acknowledge')
    .description('acknowledges a difference: it does not count until the given time, as long as it stays the same')
    .argument('<run>', 'id of the comparison, as reconcile shows it')
    .argument('<number>', 'number of the difference')
    .requiredOption('--reason <text>', 'why, for the books')
    .requiredOption('--until <time>', 'a date or a time such as 2027-01-31 or 2027-01-31T12:00:00Z')
    .action((run: string, number: string, _: unknown, command: Command) =>
      connect(command, async (api, output) => {
        const { reason, until } = command.opts<{ reason: string; until: string }>();
        const moment = /^\d{4}-\d\d-\d\d$/.test(until) ? `${until}T00:00:00Z` : until;
        const difference = `${encodeURIComponent(run)}/differences/${encodeURIComponent(number)}`;
        const path = `/api/admin/billing/reconcile/${difference}/acknowledge`;
        const answer = await api.send<{ readonly data: DifferenceView }>('POST', path, {
          body: { reason, until: moment },
        });
        if (answer === undefined) throw new CommandFailed(`there is no difference ${number} of ${run}`);
        output.result(answer.data, [
          `${answer.data.kind}  ${answer.data.reference}  acknowledged until ` +
            `${answer.data.acknowledged?.until ?? moment}`,
        ]);
      }),
    );

  program
    .command('assign')
    .description('assigns a payment at Stripe that no charge asked for to a user, as money on account')
    .argument('<payment>', 'id of the PaymentIntent')
    .requiredOption('--user <id>', 'the customer')
    .requiredOption('--reason <text>', 'why, for the books')
    .action((payment: string, _: unknown, command: Command) =>
      connect(command, async (api, output) => {
        const { user, reason } = command.opts<{ user: string; reason: string }>();
        const answer = await api.send<{ readonly data: AssignedPaymentView }>(
          'POST',
          `/api/admin/billing/payments/${encodeURIComponent(payment)}/assign`,
          { body: { user_id: user, reason } },
        );
        if (answer === undefined) throw new CommandFailed(`Stripe has no payment ${payment}`);
        const { amount_minor: minor, currency, user_id: whose, paid_at: at } = answer.data;
        output.result(answer.data, [
          `${payment}  ${decimalAmount(BigInt(minor), currency)} ${currency}  ${whose}  paid ${at}`,
        ]);
      }),
    );
}
