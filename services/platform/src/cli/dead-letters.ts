import type { DeadLetterView } from '@tollgate/contracts';
import type { Command } from 'commander';

import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
import { CommandFailed } from './output.ts';

type Page = { readonly items: readonly DeadLetterView[]; readonly next: string | null };
type Replayed = { readonly id: string; readonly partition: number; readonly offset: number };
const pageSize = 500;
const reasonShown = 100;

/** `dead-letters list|replay`: records that could not be read, through `/v1/dead-letters`. */
export function addDeadLettersCommands(program: Command, connect: Connect): void {
  const letters = program.command('dead-letters').description('records of the log that could not be read');

  letters
    .command('list')
    .description('lists them, newest first')
    .action((_, command: Command) =>
      connect(command, async (api, output) => {
        const items = await readAll(api);
        const line = ({ id, recorded_at: at, reason }: DeadLetterView): string =>
          `${id}  ${at}  ${reason.slice(0, reasonShown)}`;
        output.result({ items }, items.length === 0 ? ['There are none.'] : items.map(line));
      }),
    );

  letters
    .command('replay')
    .description('appends a record to the log again; one that is still unreadable becomes a dead letter again')
    .argument('[id]', '<partition>-<offset>')
    .option('--all', 'every dead letter there is now, oldest first')
    .action((id: string | undefined, _: unknown, command: Command) =>
      connect(command, async (api, output) => {
        const { all = false } = command.opts<{ all?: boolean }>();
        if ((id === undefined) !== all) throw new CommandFailed('give either an id or --all');
        const ids = id === undefined ? (await readAll(api)).map((letter) => letter.id).reverse() : [id];
        const replayed: Replayed[] = [];
        for (const one of ids) replayed.push(await replay(api, one));
        const lines = replayed.map(
          ({ id: from, partition, offset }) => `${from} is at offset ${offset} of partition ${partition} again`,
        );
        output.result({ replayed }, lines.length === 0 ? ['There are none.'] : lines);
      }),
    );
}

async function readAll(api: Api): Promise<readonly DeadLetterView[]> {
  const all: DeadLetterView[] = [];
  for (let after: string | null = ''; after !== null;) {
    const from: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
    const page: Page | undefined = await api.send<Page>('GET', `/v1/dead-letters?limit=${pageSize}${from}`);
    all.push(...(page?.items ?? []));
    after = page?.next ?? null;
  }
  return all;
}

async function replay(api: Api, id: string): Promise<Replayed> {
  const replayed = await api.send<Replayed>('POST', `/v1/dead-letters/${encodeURIComponent(id)}/replay`);
  if (replayed === undefined) throw new CommandFailed(`there is no dead letter ${id}`);
  return replayed;
}
