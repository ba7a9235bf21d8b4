import type { Command } from 'commander';
import type { Connect } from './connect.ts';
import { CommandFailed } from './output.ts';

type KeyView = { readonly id: string; readonly name?: string | null; readonly scopes: readonly string[]; readonly key?: string;
  readonly rate_limit_per_s?: number | null; readonly created_at?: string };

/** `keys create|list|revoke`: server keys, through `/v1/api-keys`. */
export function addKeysCommands(program: Command, connect: Connect): void {
  const keys = program.command('keys').description('server keys of product services');

  keys.command('create')
    .description('makes a key and shows it, once')
    .requiredOption('--scopes <list>', 'comma-separated: events:write, accounts:read, accounts:write, billing:read, admin')
    .option('--name <text>', 'what the key is for')
    .option('--rate-limit <per second>', 'requests a second, off by default', Number)
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const { scopes, name, rateLimit } = command.opts<{ scopes: string; name?: string; rateLimit?: number }>();
        const body = { scopes: scopes.split(',').map((scope) => scope.trim()), name, rate_limit_per_s: rateLimit };
        const made = await api.send<KeyView>('POST', '/v1/api-keys', { body });
        output.result(made, [`id   ${made?.id}`, `key  ${made?.key}`, 'The key is not shown again.']);
      }));

  keys.command('list')
    .description('lists the keys in use, without showing them')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const answer = await api.send<{ readonly items: readonly KeyView[] } | readonly KeyView[]>('GET', '/v1/api-keys');
        const items = answer === undefined ? [] : 'items' in answer ? answer.items : answer;
        output.result(answer, items.map(({ id, name, scopes }) => `${id}  ${name ?? '-'}  ${scopes.join(',')}`));
      }));

  keys.command('revoke')
    .description('ends a key; a repeat says that there is none')
    .argument('<id>')
    .action((id: string, _, command: Command) =>
      connect(command, async (api, output) => {
        const answer = await api.send<unknown>('DELETE', `/v1/api-keys/${encodeURIComponent(id)}`);
        if (answer === undefined) throw new CommandFailed(`there is no key ${id} in use`);
        output.result({ id, revoked: true }, [`${id} is revoked`]);
      }));
}
