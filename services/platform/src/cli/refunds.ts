import { randomUUID } from 'node:crypto';

import type { RefundView } from '@tollgate/contracts';
import { decimalAmount } from '@tollgate/pricing';
import type { Command } from 'commander';

import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
import { CommandFailed, table } from './output.ts';

type Page = {
  readonly data: { readonly items: readonly RefundView[]; readonly pagination: { readonly total: number } };
};
const pageSize = 100;
const path = '/api/admin/billing/refunds';

/**
 * `refunds list|approve|decline`: what the platform proposes to pay back, for finance to decide. Nothing is refunded by
 * itself.
 */
export function addRefundsCommands(program: Command, connect: Connect): void {
  const refunds = program.command('refunds').description('refunds of blocks that were corrected after they were paid');

  refunds
    .command('list', { isDefault: true })
    .description('lists them, newest first')
    .option('--status <status>', 'proposed, approved, processing, succeeded, failed, declined or withdrawn')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const items = await readAll(api, command.opts<{ status?: string }>().status);
        output.result({ items }, items.length === 0 ? ['There are none.'] : table(heading, items.map(cellsOf)));
      }),
    );

  refunds
    .command('approve')
    .description('approves a refund: it is sent to Stripe, once')
    .argument('<id>')
    .action((id: string, _: unknown, command: Command) =>
      connect(command, async (api, output) => {
        const refund = await decide(api, id, 'approve', {});
        output.result({ refund }, table(heading, [cellsOf(refund)]));
      }),
    );

  refunds
    .command('decline')
    .description('declines a refund and decides what becomes of the credit')
    .argument('<id>')
    .option('--apply', 'the next invoice of the customer is lowered by it')
    .option('--forfeit', 'the customer does not get it')
    .requiredOption('--reason <text>', 'why, for the books')
    .action((id: string, _: unknown, command: Command) =>
      connect(command, async (api, output) => {
        const {
          reason,
          apply = false,
          forfeit = false,
        } = command.opts<{ reason: string; apply?: boolean; forfeit?: boolean }>();
        if (apply === forfeit) throw new CommandFailed('say what becomes of the credit: --apply or --forfeit');
        const refund = await decide(api, id, 'decline', { reason, credit: apply ? 'apply' : 'forfeit' });
        output.result({ refund }, table(heading, [cellsOf(refund)]));
      }),
    );
}

const heading = ['refund', 'method', 'status', 'amount', 'customer', 'tier', 'since', 'reason'];
const cellsOf = ({
  id,
  method,
  status,
  amount_minor: minor,
  currency,
  user_id: user,
  account,
  billing_tier: tier,
  created_at: at,
  reason,
}: RefundView): readonly string[] => [
  id,
  method,
  status,
  `${decimalAmount(BigInt(minor), currency)} ${currency}`,
  user ?? account,
  tier,
  at,
  reason ?? '',
];

async function readAll(api: Api, status: string | undefined): Promise<readonly RefundView[]> {
  const all: RefundView[] = [];
  const only = status === undefined ? '' : `&status=${encodeURIComponent(status)}`;
  for (let page = 1; ; page++) {
    const answer: Page | undefined = await api.send<Page>('GET', `${path}?page=${page}&limit=${pageSize}${only}`);
    all.push(...(answer?.data.items ?? []));
    if ((answer?.data.items.length ?? 0) < pageSize) return all;
  }
}

/** A repeat by the client of this command is one decision: it has one key. */
async function decide(api: Api, id: string, decision: 'approve' | 'decline', body: object): Promise<RefundView> {
  const answer = await api.send<{ readonly data: RefundView }>(
    'POST',
    `${path}/${encodeURIComponent(id)}/${decision}`,
    { body, key: randomUUID() },
  );
  if (answer === undefined) throw new CommandFailed(`there is no refund ${id}`);
  return answer.data;
}
