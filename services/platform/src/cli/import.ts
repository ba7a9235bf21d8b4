import type { Command } from 'commander';

import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
import { operatorConfig } from './connect.ts';
import { writeBadRows } from './import/bad-rows.ts';
import { bookFile, type Summary, summaryOf } from './import/book-file.ts';
import { type CheckedFile, checkFile, withFaults } from './import/check-file.ts';
import { BegunImports, knownRows, refuseGrown } from './import/earlier-imports.ts';
import type { Mapping } from './import/mapping.ts';
import { PlatformFacts } from './import/platform-facts.ts';
import { asNewSource, type Fault, rowsSource } from './import/usage-row.ts';
import { CommandFailed, type Output } from './output.ts';

type Options = Mapping & {
  readonly continue?: boolean;
  readonly asNew?: boolean;
  readonly skipBad?: boolean;
  readonly dryRun?: boolean;
};

const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** `import`: usage from CSV files, each row an event, booked when the command ends. */
export function addImportCommand(program: Command, connect: Connect): void {
  const command = program
    .command('import')
    .description('books usage from CSV files; each file is checked whole first, and a row counts once for ever')
    .argument('<csv...>', 'files with a header line');
  withColumns(command);
  withChoices(command);
  command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  tollgate import ${line}`).join('\n')}`);
  command.action((paths: readonly string[], _, given: Command) =>
    connect(given, (api, output) => run({ api, output, paths, options: given.opts<Options>() })),
  );
}

const examples = [
  'usage.csv --account =demo --time TIMESTAMP --input ContextTokens --output GeneratedTokens',
  'log.csv --account user --time startTime --input prompt_tokens --output completion_tokens --id request_id',
];

/** Where the parts of a row are. */
function withColumns(command: Command): void {
  command
    .requiredOption('--account <column>', 'column with the account id, or =<id> for all rows')
    .option(
      '--time <column>',
      'column with the time: a date, date and time, seconds or milliseconds since 1970; or =<time>',
    )
    .option('--zone <zone>', 'time zone of times that name none, such as Europe/Berlin', 'UTC')
    .option('--input <column>', 'column with the input tokens, or =<number>')
    .option('--output <column>', 'column with the output tokens, or =<number>')
    .option('--model <column>', 'column with the model, or =<name>')
    .option('--count <class=column>', 'a quantity beside input and output; may be repeated', collected)
    .option(
      '--part <class=column>',
      'a quantity that input or output includes, taken off it; may be repeated',
      collected,
    )
    .option('--id <column>', 'column by which a row is known in any file; else the rows before it and itself name it')
    .option('--empty-as-zero', 'an empty count is 0 (else a fault)');
}

/** What to do with bad rows, and with rows that were imported before. */
function withChoices(command: Command): void {
  command
    .option('--skip-bad', 'books the good rows and writes the others to <file>.bad.csv; needs --id')
    .option('--continue', 'of a file that begins with rows of an earlier import, books the others')
    .option('--as-new', 'books all rows, whatever was imported before')
    .option('--dry-run', 'checks the files and says what would be booked');
}

type Run = { readonly api: Api; readonly output: Output; readonly paths: readonly string[]; readonly options: Options };

async function run({ api, output, paths, options }: Run): Promise<void> {
  refuseOptions(options);
  const facts = await PlatformFacts.read(api);
  const checked: CheckedFile[] = [];
  for (const path of paths) {
    const file = await checkFile(path, options, facts);
    checked.push(options.id === undefined ? file : await withoutReused(api, file, options.id, facts.nowMs));
  }
  if (options.skipBad !== true) refuseFaults(checked, output);
  const begun = new BegunImports(operatorConfig(['SERVER_API_KEY']).settings.DATA_DIR);
  for (const file of checked) await refuseRepeated({ api, file, options, begun, nowMs: facts.nowMs });

  const summaries: Summary[] = [];
  for (const file of checked)
    summaries.push(await importFile({ api, output, file, options, begun, nowMs: facts.nowMs }));
  output.result(
    forJson({ files: summaries }),
    summaries.flatMap((summary) => linesOf(summary, options.dryRun === true)),
  );
  if (summaries.some(({ refused }) => refused > 0)) throw new CommandFailed('some rows were refused');
}

function refuseOptions({ continue: goOn, asNew, skipBad, id }: Options): void {
  if (goOn === true && asNew === true) throw new CommandFailed('--continue and --as-new exclude each other');
  if (id !== undefined && (goOn === true || asNew === true))
    throw new CommandFailed('rows with --id are known by it whatever the file: leave out --continue and --as-new');
  if (skipBad === true && id === undefined) {
    throw new CommandFailed(
      '--skip-bad needs --id: a row without an id is known by the rows before it, so the mended file would book ' +
        'all others again',
    );
  }
}

/** @throws CommandFailed, after all faults were shown, when any row of any file has one. */
function refuseFaults(checked: readonly CheckedFile[], output: Output): void {
  if (checked.every(({ faultCount }) => faultCount === 0)) return;
  const files = checked.map(({ file, rows, faultCount, faults }) => ({
    file: file.name,
    rows,
    booked: 0,
    fault_count: faultCount,
    faults,
  }));
  output.result({ files }, checked.flatMap(faultLines));
  throw new CommandFailed('nothing was booked');
}

const reusedText = 'is booked with other content: correct that entry, or give the row an id of its own';
/** Rows whose id is booked with other content are bad: they would be refused. */
async function withoutReused(api: Api, file: CheckedFile, column: string, nowMs: number): Promise<CheckedFile> {
  const { reused } = await knownRows(api, file, { nowMs, whole: true });
  return withFaults(
    file,
    reused.map(({ event, row }) => ({
      event,
      row,
      fault: { line: row.line, column, detail: `${JSON.stringify(event.id)} ${reusedText}` },
    })),
  );
}

type OneFile = {
  readonly api: Api;
  readonly file: CheckedFile;
  readonly options: Options;
  readonly begun: BegunImports;
  readonly nowMs: number;
};

async function refuseRepeated({ api, file, options, begun, nowMs }: OneFile): Promise<void> {
  if (options.id !== undefined || options.asNew === true) return;
  const { known } = await knownRows(api, file, { nowMs, whole: false });
  refuseGrown(file, known, { ...options, begun: begun.has(file.chain) });
}

async function importFile({
  api,
  output,
  file,
  options,
  begun,
  nowMs,
}: OneFile & { readonly output: Output }): Promise<Summary> {
  const source = options.asNew === true ? asNewSource(file.chain) : rowsSource;
  if (options.dryRun === true) return { ...summaryOf(file, source), amount_expected: file.amount };
  if (file.chain !== '') begun.begin(file.chain, file.file.name);
  const summary = await bookFile(api, file, { source, nowMs, output });
  if (file.badRows.size > 0) summary.bad_file = await writeBadRows(file);
  if (summary.refused === 0 && file.chain !== '') begun.end(file.chain);
  return summary;
}

/** bigint sums as decimal strings, like every amount in JSON. */
const forJson = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)));

const faultText = ({ line, column, detail }: Fault): string =>
  `line ${line}${column === undefined ? '' : `, column ${column}`}: ${detail}`;

const faultLines = ({ file, rows, faults, faultCount }: CheckedFile): readonly string[] => [
  `${file.name}: ${rows} rows, ${faultCount} ${faultCount === 1 ? 'fault' : 'faults'}`,
  ...faults.map((fault) => `  ${faultText(fault)}`),
  ...(faultCount > faults.length ? [`  … and ${faultCount - faults.length} more`] : []),
];

const linesOf = (summary: Summary, dryRun: boolean): readonly string[] => [
  dryRun
    ? `${summary.file}: ${summary.rows} rows can be booked`
    : `${summary.file}: ${summary.rows} rows: ${summary.booked} booked, ${summary.duplicates} duplicates, ` +
      `${summary.refused} refused`,
  `  ${Object.entries(summary.quantities)
    .map(([name, sum]) => `${name} ${sum}`)
    .join(', ')}`,
  dryRun
    ? `  amount by the rate card in force ${summary.amount_expected ?? 'not known'}`
    : `  amount booked now ${summary.amount_booked}, booked before ${summary.amount_duplicates}`,
  ...(summary.skipped > 0
    ? [
        `  ${summary.skipped} rows could not be ` +
          `read${summary.bad_file === null ? '' : ` and were written to ${summary.bad_file}`}`,
      ]
    : []),
  ...summary.refusals.map(({ line, code, detail }) => `  line ${line} refused: ${code} ${detail}`),
  ...(summary.refused > summary.refusals.length ? [`  … and ${summary.refused - summary.refusals.length} more`] : []),
];
