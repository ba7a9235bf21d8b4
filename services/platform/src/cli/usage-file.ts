import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import { CommandFailed } from './output.ts';

/** Where an event's parts come from: a column's name, or `=text` for the same in every row. */
export type Mapping = {
  readonly account: string;
  readonly time?: string;
  readonly input?: string;
  readonly output?: string;
  readonly model?: string;
};
export type UsageEvent = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly subject: string;
  readonly type: 'llm.tokens';
  readonly time?: string;
  readonly data: { readonly model?: string; readonly input_tokens: number; readonly output_tokens: number };
};
export type UsageFile = { readonly path: string; readonly name: string; readonly source: string; readonly bytes: number };

/**
 * A file of usage is known by its content: its events' source is made of the hash, their id is the number of the row. So an
 * import can be broken off and repeated, and a copy under another name changes nothing.
 */
export async function openUsageFile(path: string): Promise<UsageFile> {
  const hash = createHash('sha256');
  // Two spellings in another encoding would both read as the same replacement characters, and one account as another.
  const text = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  try {
    await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        hash.update(chunk);
        text.decode(chunk, { stream: true });
      }
      text.decode();
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw new CommandFailed(`${path} is not UTF-8`);
    throw new CommandFailed(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  return { path, name: basename(path), bytes, source: `urn:tollgate:import:sha256:${hash.digest('hex').slice(0, 32)}` };
}

/** Characters of one row; a body of one event is refused beyond as many bytes. */
const rowMax = 1_048_576;

type Row = { readonly record: Readonly<Record<string, string>>; readonly info: { readonly records: number; readonly lines: number; readonly bytes: number } };

/**
 * The rows of a file as events, in order, with how many bytes have been read. Read as a stream; CRLF and a byte order mark
 * are fine, rows number from 1 after the header.
 * @throws CommandFailed naming the line of what cannot be read, or the column that the file does not have.
 */
export async function* usageEvents(file: UsageFile, mapping: Mapping): AsyncGenerator<{ readonly event: UsageEvent; readonly bytes: number }> {
  const rows = createReadStream(file.path).pipe(parse({ columns: true, bom: true, info: true, skip_empty_lines: true, trim: true, max_record_size: rowMax }));
  let read = 0;
  try {
    for await (const { record, info } of rows as AsyncIterable<Row>) {
      read = info.records;
      const where = `${file.name}, line ${info.lines}`;
      yield { event: eventOf({ record, where, number: info.records, source: file.source, mapping }), bytes: info.bytes };
    }
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    if ((error as { code?: unknown }).code === 'CSV_MAX_RECORD_SIZE') {
      throw new CommandFailed(`${file.name}, row ${read + 1}: it has more than ${rowMax} characters (is a quotation mark missing?)`);
    }
    throw new CommandFailed(`${file.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type Reading = { readonly record: Row['record']; readonly where: string; readonly number: number; readonly source: string; readonly mapping: Mapping };

function eventOf(reading: Reading): UsageEvent {
  const { mapping, number, source } = reading;
  const time = mapping.time === undefined ? {} : { time: timeOf(valueOf(reading, mapping.time), reading.where) };
  const model = mapping.model === undefined ? {} : { model: valueOf(reading, mapping.model) };
  const data = { ...model, input_tokens: countOf(reading, mapping.input), output_tokens: countOf(reading, mapping.output) };
  const subject = valueOf(reading, mapping.account);
  return { specversion: '1.0', id: String(number), source, subject, type: 'llm.tokens', ...time, data };
}

function valueOf({ record, where }: Reading, from: string): string {
  if (from.startsWith('=')) return from.slice(1);
  const value = record[from];
  if (value === undefined) throw new CommandFailed(`${where}: there is no column ${from}; there are ${Object.keys(record).join(', ')}`);
  return value;
}

function countOf(reading: Reading, from: string | undefined): number {
  if (from === undefined) return 0;
  const text = valueOf(reading, from);
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count)) throw new CommandFailed(`${reading.where}: ${from} is ${JSON.stringify(text.slice(0, 60))}, not a whole number`);
  return count;
}

/** `2023-11-16 18:17:03.9799600`, taken as UTC where it names no zone, as RFC 3339. */
function timeOf(text: string, where: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const time = parts === null ? '' : `${parts[1]}T${parts[2]}${parts[3] ?? ''}${parts[4] ?? 'Z'}`;
  if (Number.isNaN(Date.parse(time))) throw new CommandFailed(`${where}: ${JSON.stringify(text.slice(0, 60))} is not a time`);
  return time;
}
