import { readFile } from 'node:fs/promises';

import { type BookedPosition, bookedPositions, neededFrom } from '@tollgate/ledger';
import type { Command } from 'commander';
import { z } from 'zod';

import { withBooks } from './books-access.ts';
import { CommandFailed, createOutput } from './output.ts';
import { createProgress } from './progress.ts';

const jsonOf = (command: Command): boolean => command.optsWithGlobals<{ json?: boolean }>().json ?? false;
const shownMax = 20;
const positionsFile = z
  .array(z.object({ partition: z.int().min(0), next_offset: z.string().regex(/^[0-9]{1,15}$/) }))
  .min(1);

/** `positions` and `prune`: what a backup needs of the log of requests, and removing what nobody needs (rule 3). */
export function addPruneCommands(program: Command): void {
  program
    .command('positions')
    .description(
      'prints as JSON how far every partition is booked; keep it beside each backup, taken before the backup begins',
    )
    .addHelpText('after', '\n  npm run --silent tollgate -- positions > backup-2026-11-21.positions.json')
    .action(() => positions());
  program
    .command('prune')
    .description(
      'removes records of the log of requests that nothing needs any more: all below the oldest backup, the ' +
        'publisher and the sealer',
    )
    .option(
      '--backup <file>',
      'positions of the oldest backup that may ever be restored, as `positions` printed them before it was taken',
    )
    .option('--no-restore', 'there is no backup to restore: only what the running books need is kept')
    .option('--dry-run', 'only say what would be removed')
    .addHelpText(
      'after',
      '\nThe log is kept for ever until this is run. A backup older than the one named cannot be brought up to ' +
        'date afterwards.',
    )
    .action((options: PruneOptions, command: Command) => prune(command, options));
}

type PruneOptions = { readonly backup?: string; readonly restore: boolean; readonly dryRun?: boolean };

async function positions(): Promise<void> {
  const found = await withBooks(({ ledgerUrl }) => bookedPositions({ databaseUrl: ledgerUrl }));
  createOutput(true).result(found, []);
}

async function prune(command: Command, options: PruneOptions): Promise<void> {
  const output = createOutput(jsonOf(command));
  if (options.restore === (options.backup === undefined)) {
    throw new CommandFailed(
      'say what may be restored: --backup <file> with the positions of the oldest backup, or --no-restore',
    );
  }
  const backup = options.backup === undefined ? null : await readPositions(options.backup);
  const progress = createProgress(jsonOf(command), 'partitions');
  const removed = await withBooks(async ({ ledgerUrl, log, topic, publishesEntries }) => {
    const needed = await neededFrom({ databaseUrl: ledgerUrl, backup, publishesEntries });
    const starts = new Map((await log.describe(topic)).partitions.map(({ partition, start }) => [partition, start]));
    const rows = [];
    for (const [index, { partition, before, because }] of needed.entries()) {
      const start = starts.get(partition) ?? 0;
      if (before > start && options.dryRun !== true) await log.prune({ topic, partition, before });
      if (before > start) rows.push({ partition, from: String(start), before: String(before), kept_for: because });
      progress.update(index + 1, needed.length);
    }
    return rows;
  }).finally(() => progress.stop());
  const what = options.dryRun === true ? 'would be removed' : 'removed';
  output.result({ dry_run: options.dryRun === true, removed }, [
    removed.length === 0 ? 'nothing to remove' : `records ${what} in ${removed.length} partitions:`,
    ...removed
      .slice(0, shownMax)
      .map(
        (row) =>
          `  partition ${row.partition}: ${row.from} up to below ${row.before}; the rest ` +
          `is kept for the ${row.kept_for}`,
      ),
    ...(removed.length > shownMax ? [`  … and ${removed.length - shownMax} more; --json lists all`] : []),
  ]);
}

async function readPositions(path: string): Promise<readonly BookedPosition[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CommandFailed(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  try {
    return positionsFile.parse(JSON.parse(text));
  } catch {
    throw new CommandFailed(`${path} does not hold what \`positions\` prints: a list of {"partition", "next_offset"}`);
  }
}
