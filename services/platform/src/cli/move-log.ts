import { AppError } from '@tollgate/kernel';
import { moveLog } from '@tollgate/ledger';
import { openEmbeddedLog } from '@tollgate/messaging';
import type { Command } from 'commander';

import { withBooks } from './books-access.ts';
import { CommandFailed, createOutput } from './output.ts';

/** `move-log`: books that were kept on the embedded log go on behind Kafka (rule 4). */
export function addMoveLogCommand(program: Command): void {
  program
    .command('move-log')
    .description('moves the books of an embedded platform behind Kafka: the same database, an empty topic')
    .addHelpText(
      'after',
      `
Order: stop the platform once everything is booked (stop what sends usage, wait for /health/ready); run \`migrate\`
and then this with KAFKA_BROKERS, DATABASE_URL (the platform's database) and SERVICE_SECRET set; start the services on
them.
Refused, with nothing changed, while the platform runs, when something is not booked yet, or when the topic is not
empty.`,
    )
    .action((_, command: Command) => move(command));
}

async function move(command: Command): Promise<void> {
  const output = createOutput(command.optsWithGlobals<{ json?: boolean }>().json ?? false);
  const moved = await withBooks(async ({ ledgerUrl, log, topic, publishesEntries, embeddedLogUrl }) => {
    if (!publishesEntries)
      throw new CommandFailed('KAFKA_BROKERS is not set: it must name the brokers that the books move to');
    try {
      // Opening it takes its lock: no platform can append while the books move.
      const from = await openEmbeddedLog({ url: embeddedLogUrl() });
      try {
        return await moveLog({
          databaseUrl: ledgerUrl,
          from: await from.describe(topic),
          to: await log.describe(topic),
        });
      } finally {
        await from.close();
      }
    } catch (error) {
      if (error instanceof AppError && (error.code === 'LOG_IN_USE' || error.code === 'LOG_NOT_MOVABLE'))
        throw new CommandFailed(error.message);
      throw error;
    }
  });
  output.result(moved, [
    `${moved.partitions} partitions go on behind Kafka; ${moved.records} records were booked from the embedded log`,
    'What the ledger has published is published again there: consumers ignore what they know.',
  ]);
}
