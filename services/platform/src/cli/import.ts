import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
import { CommandFailed, type Output } from './output.ts';
import { openUsageFile, usageEvents, type Mapping, type UsageEvent, type UsageFile } from './usage-file.ts';

/** As many as one request takes (running.md §5). */
const batchSize = 1_000;
/** A batch is sent before its body outgrows what one request takes (8 MiB), whatever its last row adds. */
const batchCharactersMax = 1_500_000;
const refusalsShown = 20;

type BookedEvent = {
  readonly id: string;
  readonly status: 'booked' | 'duplicate' | 'refused';
  readonly entry?: { readonly amount: string };
  readonly problem?: { readonly code?: string; readonly detail?: string };
};
type Summary = {
  file: string;
  source: string;
  rows: number;
  booked: number;
  duplicates: number;
  refused: number;
  /** Sums over all rows of the file, as read. */
  input_tokens: bigint;
  output_tokens: bigint;
  /** Sum of the entries of booked rows, and of rows booked before. */
  amount_booked: bigint;
  amount_duplicates: bigint;
  refusals: { row: string; code: string; detail: string }[];
};

/** `import`: usage from CSV files, each row an event, booked when the command ends. */
export function addImportCommand(program: Command, connect: Connect): void {
  program.command('import')
    .description('books usage from CSV files; may be broken off and repeated, a row counts once for ever')
    .argument('<csv...>', 'files with a header line')
    .requiredOption('--account <column>', 'column with the account id, or =<id> for all rows')
    .option('--time <column>', 'column with the time (UTC unless it names a zone), or =<time>')
    .option('--input <column>', 'column with the input tokens, or =<number>')
    .option('--output <column>', 'column with the output tokens, or =<number>')
    .option('--model <column>', 'column with the model, or =<name>')
    .addHelpText('after', '\nExample:\n  tollgate import usage.csv --account =demo --time TIMESTAMP --input ContextTokens --output GeneratedTokens')
    .action((paths: readonly string[], _, command: Command) =>
      connect(command, async (api, output) => {
        const mapping = command.opts<Mapping>();
        const summaries: Summary[] = [];
        for (const path of paths) summaries.push(await importFile(api, await openUsageFile(path), mapping, output));
        output.result(forJson(summaries), summaries.flatMap(linesOf));
        if (summaries.some(({ refused }) => refused > 0)) throw new CommandFailed('some rows were refused');
      }));
}

async function importFile(api: Api, file: UsageFile, mapping: Mapping, output: Output): Promise<Summary> {
  const summary: Summary = {
    file: file.name, source: file.source, rows: 0, booked: 0, duplicates: 0, refused: 0,
    input_tokens: 0n, output_tokens: 0n, amount_booked: 0n, amount_duplicates: 0n, refusals: [],
  };
  const bar = new SingleBar({ format: `${file.name} {bar} {percentage}% {rows} rows`, noTTYOutput: false, clearOnComplete: true, stream: process.stderr });
  if (process.stderr.isTTY) bar.start(Math.max(file.bytes, 1), 0, { rows: 0 });
  else output.remark(`${file.name}: importing`);
  let batch: UsageEvent[] = [];
  let characters = 0;
  try {
    for await (const { event, bytes } of usageEvents(file, mapping)) {
      batch.push(event);
      characters += JSON.stringify(event).length;
      if (batch.length < batchSize && characters < batchCharactersMax) continue;
      await book(api, batch, summary);
      [batch, characters] = [[], 0];
      bar.update(bytes, { rows: summary.rows });
    }
    if (batch.length > 0) await book(api, batch, summary);
  } finally {
    bar.stop();
  }
  return summary;
}

async function book(api: Api, batch: readonly UsageEvent[], summary: Summary): Promise<void> {
  const content = { type: 'application/cloudevents-batch+json', body: batch };
  const answer = await api.send<{ readonly results: readonly BookedEvent[] }>('POST', '/v1/events?wait=booked', content);
  if (answer?.results.length !== batch.length) throw new CommandFailed('the platform did not answer for every row');
  for (const [index, { data, id }] of batch.entries()) {
    summary.rows++;
    summary.input_tokens += BigInt(data.input_tokens);
    summary.output_tokens += BigInt(data.output_tokens);
    const result = answer.results[index];
    const amount = BigInt(result?.entry?.amount ?? 0);
    if (result?.status === 'booked') {
      summary.booked++;
      summary.amount_booked += amount;
    } else if (result?.status === 'duplicate') {
      summary.duplicates++;
      summary.amount_duplicates += amount;
    } else {
      summary.refused++;
      if (summary.refusals.length < refusalsShown) {
        summary.refusals.push({ row: id, code: result?.problem?.code ?? 'UNKNOWN', detail: result?.problem?.detail ?? '' });
      }
    }
  }
}

/** bigint sums as decimal strings, like every amount in JSON. */
const forJson = (summaries: readonly Summary[]): unknown => ({
  files: JSON.parse(JSON.stringify(summaries, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))) as unknown,
});

const linesOf = (summary: Summary): readonly string[] => [
  `${summary.file}: ${summary.rows} rows: ${summary.booked} booked, ${summary.duplicates} duplicates, ${summary.refused} refused`,
  `  input tokens ${summary.input_tokens}, output tokens ${summary.output_tokens}`,
  `  amount booked now ${summary.amount_booked}, booked before ${summary.amount_duplicates}`,
  ...summary.refusals.map(({ row, code, detail }) => `  row ${row} refused: ${code} ${detail}`),
  ...(summary.refused > summary.refusals.length ? [`  … and ${summary.refused - summary.refusals.length} more`] : []),
];
