import { topics } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { checkBooks, realign, verifyChain } from '@tollgate/ledger';
import type { Command } from 'commander';

import { withBooks } from './books-access.ts';
import { CommandFailed, createOutput } from './output.ts';
import { createProgress } from './progress.ts';

const jsonOf = (command: Command): boolean => command.optsWithGlobals<{ json?: boolean }>().json ?? false;
const shownMax = 20;

/** `rebuild --check`, `verify-chain` and `realign`: whether the books still say what was decided. */
export function addBooksCommands(program: Command): void {
  program
    .command('rebuild')
    .description(
      'folds all entries into empty projections and compares them with the live ones, then decides the kept log ' +
        'once more and compares entry by entry',
    )
    .requiredOption(
      '--check',
      'compare only: the projections are never written, they are read from the entries and version rows',
    )
    .option('--no-log', 'fold and compare only, do not decide the log again')
    .addHelpText(
      'after',
      '\nExit code 0: no drift. 1: drift, listed. Works while the platform runs and when it is stopped.',
    )
    .action((options: { log: boolean }, command: Command) => rebuild(command, options.log));
  program
    .command('verify-chain')
    .description(
      'recomputes every seal from the entries, and compares with the seals that were published: a changed, ' +
        'missing or inserted row and a removed end are found and named',
    )
    .addHelpText(
      'after',
      '\nExit code 0: the chain holds. 1: problems, listed. Entries of the last second may not be sealed yet.',
    )
    .action((_, command: Command) => verify(command));
  program
    .command('realign')
    .description(
      'tells a halted partition where in the log it goes on; what lies between is not booked, and that is yours ' +
        'to answer for',
    )
    .requiredOption('--partition <number>', 'the halted partition', wholeNumber)
    .requiredOption('--to-offset <offset>', 'the next record to be booked', wholeNumber)
    .action((options: { partition: number; toOffset: number }, command: Command) => realignPartition(command, options));
}

async function rebuild(command: Command, decideAgain: boolean): Promise<void> {
  const output = createOutput(jsonOf(command));
  const progress = createProgress(jsonOf(command), 'partitions');
  const report = await withBooks(async ({ ledgerUrl, log, topic }) => {
    const { partitions } = await log.describe(topic);
    return checkBooks({
      databaseUrl: ledgerUrl,
      progress: (done) => progress.update(done.partition, done.partitions),
      ...(decideAgain
        ? {
            readLog: async (partition: number, to: number) => {
              const start = partitions.find((one) => one.partition === partition)?.start ?? 0;
              return { start, batches: log.read({ topic, partition, from: start, to }) };
            },
          }
        : {}),
    });
  }).finally(() => progress.stop());
  const { drifts } = report;
  output.result(report, [
    `${report.accounts} accounts, ${report.entries} entries folded, ${report.records} records decided again in ` +
      `${report.partitions} partitions`,
    `trial balance ${report.trialBalance}`,
    drifts.length === 0 ? 'zero drift' : `${drifts.length} drifts:`,
    ...drifts.slice(0, shownMax).map(({ partition, what }) => `  partition ${partition}: ${what}`),
    ...(drifts.length > shownMax ? [`  … and ${drifts.length - shownMax} more; --json lists all`] : []),
  ]);
  if (drifts.length > 0) process.exitCode = 1;
}

async function verify(command: Command): Promise<void> {
  const output = createOutput(jsonOf(command));
  const progress = createProgress(jsonOf(command), 'partitions');
  const reports = await withBooks(async ({ ledgerUrl, log }) => {
    const seals = await log.describe(topics.ledgerSeals).catch((error: unknown) => {
      if (error instanceof AppError && error.kind === 'not_found') return null;
      throw error;
    });
    const startOf = (partition: number): number =>
      seals?.partitions.find((one) => one.partition === partition)?.start ?? 0;
    return verifyChain({
      databaseUrl: ledgerUrl,
      progress: (done) => progress.update(done.partition, done.partitions),
      ...(seals === null
        ? {}
        : {
            readSeals: (partition: number) =>
              log.read({ topic: topics.ledgerSeals, partition, from: startOf(partition) }),
          }),
    });
  }).finally(() => progress.stop());
  const sum = (figure: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((total, report) => total + figure(report), 0);
  const problems = reports.flatMap((report) => report.problems);
  const totals = {
    seals: sum(({ seals }) => seals),
    entries: sum(({ entries }) => entries),
    unsealed: sum(({ unsealed }) => unsealed),
  };
  output.result({ ...totals, partitions: reports.length, problems }, [
    `${totals.seals} seals over ${totals.entries} entries in ${reports.length} partitions, ${totals.unsealed} ` +
      `entries not sealed yet`,
    problems.length === 0 ? 'the chain holds' : `${problems.length} problems:`,
    ...problems
      .slice(0, shownMax)
      .map(
        ({ partition, seal, problem }) =>
          `  partition ${partition}${seal === null ? '' : `, seal ${seal}`}: ${problem}`,
      ),
  ]);
  if (problems.length > 0) process.exitCode = 1;
}

async function realignPartition(
  command: Command,
  { partition, toOffset }: { partition: number; toOffset: number },
): Promise<void> {
  const output = createOutput(jsonOf(command));
  const before = await withBooks(async ({ ledgerUrl, log, topic }) => {
    const { topicId, partitions } = await log.describe(topic);
    const bounds = partitions.find((one) => one.partition === partition);
    if (!bounds) throw new CommandFailed(`the log has no partition ${partition}`);
    if (toOffset < bounds.start || toOffset > bounds.end)
      throw new CommandFailed(`the log holds offsets ${bounds.start} to ${bounds.end} of partition ${partition}`);
    return realign({ databaseUrl: ledgerUrl, partition, toOffset, topicId });
  });
  if (!before) throw new CommandFailed(`the books have no partition ${partition}`);
  output.result({ partition, from: before.nextOffset, to: String(toOffset) }, [
    `partition ${partition} goes on at offset ${toOffset}; it was booked up to ${before.nextOffset}`,
    'A running ledger takes it up again within seconds.',
  ]);
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new CommandFailed(`${text} is not a whole number`);
  return Number(text);
}
