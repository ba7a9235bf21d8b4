import type { Command } from 'commander';

import type { Connect } from './connect.ts';
import { CommandFailed } from './output.ts';

type KeyView = {
  readonly id: string;
  readonly name?: string | null;
  readonly scopes: readonly string[];
  readonly key?: string;
  readonly rate_limit_per_s?: number | null;
  readonly account?: string | null;
  readonly expires_at?: string | null;
  readonly last_used_at?: string | null;
  readonly created_at?: string;
};

/** `keys create|rotate|list|revoke`: server keys, through `/v1/api-keys`. */
export function addKeysCommands(program: Command, connect: Connect): void {
  const keys = program.command('keys').description('server keys of product services');
  addCreate(keys, connect);
  addRotate(keys, connect);
  addList(keys, connect);
  addRevoke(keys, connect);
}

function addCreate(keys: Command, connect: Connect): void {
  keys
    .command('create')
    .description('makes a key and shows it, once')
    .requiredOption(
      '--scopes <list>',
      'comma-separated: events:write, accounts:read, accounts:write, billing:read, admin',
    )
    .option('--name <text>', 'what the key is for')
    .option('--rate-limit <per second>', 'requests a second; no limit by default', Number)
    .option('--account <id>', 'the key works for this account and those below it only')
    .option('--expires-at <time>', 'when the key ends, for example 2027-01-01T00:00:00Z')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const { scopes, name, rateLimit, account, expiresAt } = command.opts<{
          scopes: string;
          name?: string;
          rateLimit?: number;
          account?: string;
          expiresAt?: string;
        }>();
        const body = {
          scopes: scopes.split(',').map((scope) => scope.trim()),
          name,
          rate_limit_per_s: rateLimit,
          account,
          expires_at: expiresAt,
        };
        const made = await api.send<KeyView>('POST', '/v1/api-keys', { body });
        output.result(made, [`id   ${made?.id}`, `key  ${made?.key}`, 'The key is not shown again.']);
      }),
    );
}

function addRotate(keys: Command, connect: Connect): void {
  keys
    .command('rotate')
    .description('makes a successor with the same rights and shows it, once; the key itself ends after the overlap')
    .argument('<id>')
    .option('--overlap <seconds>', 'how long both keys work; a day by default', Number)
    .option('--expires-at <time>', 'when the successor ends; by default when the key would have')
    .action((id: string, _, command: Command) =>
      connect(command, async (api, output) => {
        const { overlap, expiresAt } = command.opts<{ overlap?: number; expiresAt?: string }>();
        const body = { overlap_s: overlap, expires_at: expiresAt };
        const made = await api.send<KeyView>('POST', `/v1/api-keys/${encodeURIComponent(id)}/rotate`, { body });
        if (made === undefined) throw new CommandFailed(`there is no key ${id} in use`);
        output.result(made, [`id   ${made.id}`, `key  ${made.key}`, 'The key is not shown again.']);
      }),
    );
}

function addList(keys: Command, connect: Connect): void {
  keys
    .command('list')
    .description('lists the keys in use, without showing them')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const answer = await api.send<{ readonly items: readonly KeyView[] } | readonly KeyView[]>(
          'GET',
          '/v1/api-keys',
        );
        const items = answer === undefined ? [] : 'items' in answer ? answer.items : answer;
        output.result(
          answer,
          items.map((key) =>
            [
              key.id,
              key.name ?? '-',
              key.scopes.join(','),
              key.account ?? 'all accounts',
              `used ${key.last_used_at ?? 'never'}`,
              `ends ${key.expires_at ?? 'never'}`,
            ].join('  '),
          ),
        );
      }),
    );
}

function addRevoke(keys: Command, connect: Connect): void {
  keys
    .command('revoke')
    .description('revokes a key')
    .argument('<id>')
    .action((id: string, _, command: Command) =>
      connect(command, async (api, output) => {
        const answer = await api.send<unknown>('DELETE', `/v1/api-keys/${encodeURIComponent(id)}`);
        if (answer === undefined) throw new CommandFailed(`there is no key ${id} in use`);
        output.result({ id, revoked: true }, [`${id} is revoked`]);
      }),
    );
}
