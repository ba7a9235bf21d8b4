import type { AccountFound, AccountsFound } from '@tollgate/contracts';
import { type Command, InvalidArgumentError } from 'commander';

import type { Connect } from './connect.ts';

type Options = {
  readonly usedAbove?: string;
  readonly balanceBelow?: string;
  readonly unit?: string;
  readonly owner?: string;
  readonly limit: number;
};
type Customer = {
  readonly user_id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly customer_id: string | null;
  readonly accounts: readonly Pick<AccountFound, 'id' | 'balance' | 'unit' | 'status'>[];
  readonly more_accounts: boolean;
};
type Customers = { readonly items: readonly Customer[]; readonly next: string | null };
const pageSize = 500;

/** `accounts` and `customers`: accounts that are nearly used up, and looking up customers. */
export function addAccountsCommands(program: Command, connect: Connect): void {
  program
    .command('accounts')
    .description(
      'lists accounts near a limit, below a balance, of a unit or an owner; what is held counts as used. All ' +
        'that is asked must hold.',
    )
    .option('--used-above <share>', 'at least this share of a limit of the account is used or held, such as 80%')
    .option('--balance-below <amount>', "the balance without what is held is less, in the account's smallest unit")
    .option('--unit <unit>', 'of this unit')
    .option('--owner <id>', 'that belong to')
    .option('--limit <number>', 'how many at most', atLeastOne, 1_000)
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const { usedAbove, balanceBelow, unit, owner, limit } = command.opts<Options>();
        const asked = { used_above: usedAbove, balance_below: balanceBelow, unit, owner };
        const items: AccountFound[] = [];
        let next: string | null = null;
        do {
          const query = queryOf({
            ...asked,
            after: next ?? undefined,
            limit: String(Math.min(pageSize, limit - items.length)),
          });
          const page: AccountsFound | undefined = await api.send<AccountsFound>('GET', `/v1/accounts?${query}`);
          items.push(...(page?.items ?? []));
          next = page?.next ?? null;
        } while (next !== null && items.length < limit);
        output.result(
          { items, more: next !== null },
          items.length === 0
            ? ['There are none.']
            : [...items.map(lineOf), ...(next === null ? [] : [`… and more: --limit ${limit * 10}`])],
        );
      }),
    );

  program
    .command('customers')
    .description('finds customers by exactly one of e-mail, owner and external id, with their accounts')
    .option('--email <address>', 'of the user account')
    .option('--owner <id>', 'as accounts name it')
    .option('--external-id <id>', 'a customer of Stripe, or an id that another system chose')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const { email, owner, externalId } = command.opts<{ email?: string; owner?: string; externalId?: string }>();
        const items: Customer[] = [];
        let after: string | undefined;
        do {
          const page: Customers | undefined = await api.send<Customers>(
            'GET',
            `/v1/customers?${queryOf({ email, owner, external_id: externalId, after, limit: String(pageSize) })}`,
          );
          items.push(...(page?.items ?? []));
          after = page?.next ?? undefined;
        } while (after !== undefined);
        output.result({ items }, items.length === 0 ? ['There are none.'] : items.flatMap(linesOf));
      }),
    );
}

function atLeastOne(text: string): number {
  if (/^[1-9][0-9]{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

function queryOf(members: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) if (value !== undefined) query.set(name, value);
  return query.toString();
}

const lineOf = ({ id, kind, status, balance, held, unit, owner, nearest }: AccountFound): string =>
  `${id}  ${kind}  ${status}  balance ${balance} ${unit}, held ${held}${owner === null ? '' : `  of ${owner}`}` +
  (nearest === null
    ? ''
    : `  ${nearest.used_percent}% of ${nearest.limit}${nearest.period === undefined ? '' : ` in ${nearest.period}`}`);

const linesOf = ({
  user_id: id,
  email,
  name,
  customer_id: customer,
  accounts,
  more_accounts: more,
}: Customer): readonly string[] => [
  [id, email, name, customer].filter((one) => one !== null).join('  '),
  ...accounts.map((account) => `  ${account.id}  ${account.status}  balance ${account.balance} ${account.unit}`),
  ...(more ? [`  … and more: accounts --owner ${id}`] : []),
];
