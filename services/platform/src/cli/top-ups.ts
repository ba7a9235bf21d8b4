import type { AutoTopUpView, TopUpView } from '@tollgate/contracts';
import { decimalAmount } from '@tollgate/pricing';
import type { Command } from 'commander';

import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
import { CommandFailed, type Output, table } from './output.ts';

type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };
const pageSize = 500;
const termsPath = (account: string): string => `/v1/accounts/${encodeURIComponent(account)}/top-up`;

type Terms = {
  readonly user: string;
  readonly below: string;
  readonly units: string;
  readonly amountMinor: string;
  readonly currency: string;
  readonly dayMaxMinor: string;
  readonly monthMaxMinor: string;
  readonly failuresMax: string;
};

/** `top-ups list|accounts|show|set|resume|remove`: wallets that buy units by themselves when they are low. */
export function addTopUpsCommands(program: Command, connect: Connect): void {
  const topUps = program
    .command('top-ups')
    .description('wallets that are topped up by themselves when they are low, and what was bought for them');

  topUps
    .command('list', { isDefault: true })
    .description('lists purchases, newest first')
    .option('--account <id>', 'of one wallet')
    .option('--status <status>', 'pending, processing, paid, succeeded, failed or unresolved')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const { account, status } = command.opts<{ account?: string; status?: string }>();
        const items = await readAll<TopUpView>(api, '/v1/top-ups', { account, status });
        output.result(
          { items },
          items.length === 0 ? ['There are none.'] : table(purchaseHeading, items.map(purchase)),
        );
      }),
    );

  topUps
    .command('accounts')
    .description('lists the wallets with automatic top-up, and the state of each')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const items = await readAll<AutoTopUpView>(api, '/v1/auto-top-ups', {});
        output.result({ items }, items.length === 0 ? ['There are none.'] : table(termsHeading, items.map(terms)));
      }),
    );

  topUps
    .command('show')
    .description('shows the top-up terms of a wallet and their state')
    .argument('<account>')
    .action((account: string, _: unknown, command: Command) =>
      connect(command, async (api, output) => tell(output, account, await api.send('GET', termsPath(account)))),
    );

  addSetCommand(topUps, connect);

  topUps
    .command('resume')
    .description('ends a pause or a wait: the next purchase is made as soon as the wallet is low')
    .argument('<account>')
    .action((account: string, _: unknown, command: Command) =>
      connect(command, async (api, output) =>
        tell(output, account, await api.send('POST', `${termsPath(account)}/resume`, { body: {} })),
      ),
    );

  topUps
    .command('remove')
    .description('tops the wallet up no more; a purchase that is under way is finished')
    .argument('<account>')
    .action((account: string, _: unknown, command: Command) =>
      connect(command, async (api, output) => tell(output, account, await api.send('DELETE', termsPath(account)))),
    );
}

function addSetCommand(topUps: Command, connect: Connect): void {
  topUps
    .command('set')
    .description('tops up a wallet when it is low, by the payment method of its customer at Stripe')
    .argument('<account>')
    .requiredOption('--user <id>', 'who pays')
    .requiredOption('--below <units>', 'buy when balance less holds is below')
    .requiredOption('--units <units>', 'how many are bought')
    .requiredOption('--amount-minor <amount>', 'what they cost, in minor units: 2000 is 20.00 USD')
    .requiredOption('--currency <code>', 'such as USD')
    .requiredOption('--day-max-minor <amount>', 'most that is taken in a calendar day (UTC)')
    .requiredOption('--month-max-minor <amount>', 'most that is taken in a calendar month (UTC)')
    .option('--failures-max <count>', 'pause after so many refusals in a row', '3')
    .action((account: string, _: unknown, command: Command) =>
      connect(command, async (api, output) => {
        const given = command.opts<Terms>();
        const body = {
          user_id: given.user,
          below: given.below,
          units: given.units,
          amount_minor: given.amountMinor,
          currency: given.currency,
          day_max_minor: given.dayMaxMinor,
          month_max_minor: given.monthMaxMinor,
          failures_max: Number(given.failuresMax),
        };
        tell(output, account, await api.send('PUT', termsPath(account), { body }));
      }),
    );
}

const termsHeading = ['account', 'status', 'below', 'units', 'price', 'day', 'month', 'failures', 'next try', 'reason'];
const terms = (view: AutoTopUpView): readonly string[] => {
  const sum = (minor: string): string => decimalAmount(BigInt(minor), view.currency);
  return [
    view.account,
    view.status,
    view.below,
    view.units,
    `${sum(view.amount_minor)} ${view.currency}`,
    `${sum(view.day_minor)} of ${sum(view.day_max_minor)}`,
    `${sum(view.month_minor)} of ${sum(view.month_max_minor)}`,
    `${view.failures} of ${view.failures_max}`,
    view.next_try_at ?? '',
    view.reason ?? '',
  ];
};

const purchaseHeading = ['top-up', 'account', 'status', 'units', 'amount', 'customer', 'since', 'payment', 'reason'];
const purchase = (view: TopUpView): readonly string[] => [
  view.id,
  view.account,
  view.status,
  view.units,
  `${decimalAmount(BigInt(view.amount_minor), view.currency)} ${view.currency}`,
  view.user_id,
  view.created_at,
  view.payment_intent ?? '',
  view.reason ?? '',
];

function tell(output: Output, account: string, view: AutoTopUpView | undefined): void {
  if (view === undefined) throw new CommandFailed(`there is no account ${account}, or it is not topped up by itself`);
  output.result({ auto_top_up: view }, table(termsHeading, [terms(view)]));
}

async function readAll<Item>(
  api: Api,
  path: string,
  by: Readonly<Record<string, string | undefined>>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  for (let after: string | null | undefined; after !== null;) {
    const query = new URLSearchParams({ limit: String(pageSize), ...(after === undefined ? {} : { after }) });
    for (const [name, value] of Object.entries(by)) if (value !== undefined) query.set(name, value);
    const page: Page<Item> | undefined = await api.send<Page<Item>>('GET', `${path}?${query}`);
    all.push(...(page?.items ?? []));
    after = page?.next ?? null;
  }
  return all;
}
