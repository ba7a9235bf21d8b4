import { SingleBar } from 'cli-progress';

import type { Api } from '../api.ts';
import { CommandFailed, type Output } from '../output.ts';
import type { CheckedFile } from './check-file.ts';
import { goodRows } from './check-file.ts';
import type { BookedEvent } from './platform-facts.ts';
import type { UsageEvent } from './usage-row.ts';

/** As many as one request takes (running.md §5). */
const batchSize = 1_000;
/** A batch is sent before its body outgrows what one request takes (8 MiB), whatever its last row adds. */
const batchCharactersMax = 1_500_000;
const refusalsShown = 20;

export type Summary = {
  file: string;
  source: string;
  rows: number;
  booked: number;
  duplicates: number;
  refused: number;
  /** Rows that could not be read, and were written to `bad_file`. */
  skipped: number;
  bad_file: string | null;
  /** Sums over all good rows of the file, as read. */
  input_tokens: bigint;
  output_tokens: bigint;
  quantities: Record<string, bigint>;
  /** Sum of the entries of booked rows, and of rows booked before. */
  amount_booked: bigint;
  amount_duplicates: bigint;
  /** With --dry-run: what the good rows come to by the card in force; null where it is not known. */
  amount_expected?: bigint | null;
  refusals: { line: number; row: string; code: string; detail: string }[];
};

export const summaryOf = ({ file, rows, quantities, badRows }: CheckedFile, source: string): Summary => ({
  file: file.name,
  source,
  rows,
  booked: 0,
  duplicates: 0,
  refused: 0,
  skipped: badRows.size,
  bad_file: null,
  input_tokens: quantities.get('input_tokens') ?? 0n,
  output_tokens: quantities.get('output_tokens') ?? 0n,
  quantities: Object.fromEntries(quantities),
  amount_booked: 0n,
  amount_duplicates: 0n,
  refusals: [],
});

type Line = { readonly event: UsageEvent; readonly line: number };

/** Books the good rows of a checked file, in order; a row that was booked before is a duplicate and counts nothing. */
export async function bookFile(
  api: Api,
  checked: CheckedFile,
  of: { readonly source: string; readonly nowMs: number; readonly output: Output },
): Promise<Summary> {
  const { source, nowMs, output } = of;
  const summary = summaryOf(checked, source);
  const { file } = checked;
  const bar = new SingleBar({
    format: `${file.name} {bar} {percentage}% {rows} rows`,
    noTTYOutput: false,
    clearOnComplete: true,
    stream: process.stderr,
  });
  if (process.stderr.isTTY) bar.start(Math.max(file.bytes, 1), 0, { rows: 0 });
  else output.remark(`${file.name}: importing`);
  let batch: Line[] = [];
  let characters = 0;
  try {
    for await (const { event, row } of goodRows(checked, { source, nowMs })) {
      batch.push({ event, line: row.line });
      characters += JSON.stringify(event).length;
      if (batch.length < batchSize && characters < batchCharactersMax) continue;
      await book(api, batch, summary);
      [batch, characters] = [[], 0];
      bar.update(row.bytes, { rows: row.number });
    }
    if (batch.length > 0) await book(api, batch, summary);
  } finally {
    bar.stop();
  }
  return summary;
}

async function book(api: Api, batch: readonly Line[], summary: Summary): Promise<void> {
  const content = { type: 'application/cloudevents-batch+json', body: batch.map(({ event }) => event) };
  const answer = await api.send<{ readonly results: readonly BookedEvent[] }>(
    'POST',
    '/v1/events?wait=booked',
    content,
  );
  if (answer?.results.length !== batch.length) throw new CommandFailed('the platform did not answer for every row');
  for (const [index, { event, line }] of batch.entries()) {
    const { status = 'refused', entry, problem } = answer.results[index] ?? {};
    const amount = BigInt(entry?.amount ?? 0);
    if (status === 'booked') {
      summary.booked++;
      summary.amount_booked += amount;
    } else if (status === 'duplicate') {
      summary.duplicates++;
      summary.amount_duplicates += amount;
    } else {
      summary.refused++;
      if (summary.refusals.length < refusalsShown)
        summary.refusals.push({ line, row: event.id, code: problem?.code ?? 'UNKNOWN', detail: problem?.detail ?? '' });
    }
  }
}
