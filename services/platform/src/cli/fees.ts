import type { FeeView } from '@tollgate/contracts';
import { decimalAmount } from '@tollgate/pricing';
import type { Command } from 'commander';

import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
import { CommandFailed, table } from './output.ts';

type Page = { readonly data: { readonly items: readonly FeeView[] } };
const pageSize = 100;
const path = '/api/admin/billing/fees';

/** `fees list|retry|write-off`: monthly fees that nobody paid, for finance to decide. */
export function addFeesCommands(program: Command, connect: Connect): void {
  const fees = program.command('fees').description('monthly fees: what is due, what was paid, what was given up');

  fees
    .command('list', { isDefault: true })
    .description('lists them, newest period first')
    .option('--status <status>', 'open, failed, paid, voided or uncollectible')
    .option('--user <id>', 'of one user')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const items = await readAll(api, command.opts<{ status?: string; user?: string }>());
        output.result({ items }, items.length === 0 ? ['There are none.'] : table(heading, items.map(cellsOf)));
      }),
    );

  fees
    .command('retry')
    .description('charges a fee now by the payment method of its customer; also for a subscription that has ended')
    .argument('<invoice>')
    .action((invoice: string, _: unknown, command: Command) =>
      connect(command, async (api, output) => {
        const fee = await decide(api, invoice, 'retry', {});
        output.result({ fee }, table(heading, [cellsOf(fee)]));
      }),
    );

  fees
    .command('write-off')
    .description('cancels or writes off a fee that is due, at Stripe and in the books')
    .argument('<invoice>')
    .requiredOption('--reason <text>', 'why, for the books')
    .option(
      '--void',
      'cancels the fee as if it had never been charged; without it the fee is written off as uncollectible',
    )
    .action((invoice: string, _: unknown, command: Command) =>
      connect(command, async (api, output) => {
        const { reason, void: voided } = command.opts<{ reason: string; void?: boolean }>();
        const fee = await decide(api, invoice, 'write-off', {
          reason,
          how: voided === true ? 'void' : 'uncollectible',
        });
        output.result({ fee }, table(heading, [cellsOf(fee)]));
      }),
    );
}

const heading = ['invoice', 'status', 'amount', 'customer', 'period', 'decided'];
const cellsOf = ({
  invoice_id: id,
  status,
  amount_minor: minor,
  currency,
  user_id: user,
  customer_id: customer,
  period_start: at,
  decided,
}: FeeView): readonly string[] => [
  id,
  status,
  `${decimalAmount(BigInt(minor), currency)} ${currency}`,
  user ?? customer,
  at.slice(0, 10),
  decided === null ? '' : `${decided.what} by ${decided.by}${decided.reason === null ? '' : `: ${decided.reason}`}`,
];

async function readAll(
  api: Api,
  { status, user }: { readonly status?: string; readonly user?: string },
): Promise<readonly FeeView[]> {
  const all: FeeView[] = [];
  const only =
    (status === undefined ? '' : `&status=${encodeURIComponent(status)}`) +
    (user === undefined ? '' : `&user_id=${encodeURIComponent(user)}`);
  for (let page = 1; ; page++) {
    const answer: Page | undefined = await api.send<Page>('GET', `${path}?page=${page}&limit=${pageSize}${only}`);
    all.push(...(answer?.data.items ?? []));
    if ((answer?.data.items.length ?? 0) < pageSize) return all;
  }
}

async function decide(api: Api, invoice: string, decision: 'retry' | 'write-off', body: object): Promise<FeeView> {
  const answer = await api.send<{ readonly data: FeeView }>(
    'POST',
    `${path}/${encodeURIComponent(invoice)}/${decision}`,
    { body },
  );
  if (answer === undefined) throw new CommandFailed(`there is no fee ${invoice}`);
  return answer.data;
}
