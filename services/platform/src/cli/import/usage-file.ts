import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { parse } from 'csv-parse';

import { CommandFailed } from '../output.ts';

export type UsageFile = { readonly path: string; readonly name: string; readonly bytes: number };

/**
 * Makes sure that a file can be read and is UTF-8. @throws CommandFailed; an empty file is a mistake, not usage of
 * nothing.
 */
export async function openUsageFile(path: string): Promise<UsageFile> {
  // Two spellings in another encoding would both read as the same replacement characters, and one account as another.
  const text = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  try {
    await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        text.decode(chunk, { stream: true });
      }
      text.decode();
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new CommandFailed(`${path} is not UTF-8`);
    throw new CommandFailed(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  if (bytes === 0) throw new CommandFailed(`${path} is empty: it has not even a header`);
  return { path, name: basename(path), bytes };
}

/** Characters of one row; a body of one event is refused beyond as many bytes. */
const rowMax = 1_048_576;

export type FileRow = {
  /** From 1 after the header. */
  readonly number: number;
  /** Line on which the row begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /**
   * Hash over the header and all rows up to this one: the same rows in the same order have the same chain in every
   * file.
   */
  readonly chain: string;
  /** How much of the file has been read. */
  readonly bytes: number;
};

type Record = {
  readonly record: readonly string[];
  readonly info: { readonly empty_lines: number; readonly bytes: number };
};

/** A file as it is read, row by row: its header first. */
export type Reading = { readonly header: readonly string[]; readonly rows: AsyncGenerator<FileRow> };

/**
 * Reads a file as a stream. CRLF or LF, a byte order mark, quotation marks and empty lines make no difference.
 * @throws CommandFailed naming the line of what is no CSV.
 */
export async function readUsageFile(file: UsageFile): Promise<Reading> {
  const records = recordsOf(file);
  const first = await records.next();
  if (first.done === true) throw new CommandFailed(`${file.name} is empty: it has not even a header`);
  const header = first.value.record;
  return { header, rows: numbered(records, header) };
}

async function* numbered(records: AsyncGenerator<Record>, header: readonly string[]): AsyncGenerator<FileRow> {
  let chain = linkOf('', header);
  let number = 0;
  let lines = linesOf(header);
  for await (const { record, info } of records) {
    chain = linkOf(chain, record);
    number += 1;
    yield { number, line: lines + info.empty_lines + 1, cells: record, chain, bytes: info.bytes };
    lines += linesOf(record);
  }
}

async function* recordsOf(file: UsageFile): AsyncGenerator<Record> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    trim: true,
    relax_column_count: true,
    max_record_size: rowMax,
    record_delimiter: ['\r\n', '\n', '\r'],
  });
  const records = createReadStream(file.path).pipe(parser) as AsyncIterable<Record>;
  let read = -1;
  try {
    for await (const record of records) {
      read += 1;
      yield record;
    }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'CSV_MAX_RECORD_SIZE') {
      throw new CommandFailed(
        `${file.name}, row ${read + 1}: it has more than ${rowMax} characters (is a quotation mark missing?)`,
      );
    }
    throw new CommandFailed(`${file.name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** How many lines a record takes; cells may have breaks of their own. */
const linesOf = (cells: readonly string[]): number =>
  cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 1);

/** First 32 hex digits of SHA-256 over what was before and the cells, whatever the line endings inside of a cell. */
const linkOf = (before: string, cells: readonly string[]): string =>
  createHash('sha256')
    .update(before)
    .update(JSON.stringify(cells.map((cell) => (cell.includes('\r') ? cell.replaceAll('\r\n', '\n') : cell))))
    .digest('hex')
    .slice(0, 32);
