import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

import type { CheckedFile } from './check-file.ts';
import { readUsageFile } from './usage-file.ts';

/**
 * Writes the header and the bad rows of a file beside it, as they were, to be mended and imported. Answers the new
 * file's path.
 */
export async function writeBadRows({ file, badRows, header }: CheckedFile): Promise<string> {
  const path = `${file.path}.bad.csv`;
  const out = createWriteStream(path);
  const write = async (cells: readonly string[]): Promise<void> => {
    if (!out.write(`${cells.map(cellOf).join(',')}\n`)) await once(out, 'drain');
  };
  await write(header);
  for await (const row of (await readUsageFile(file)).rows) if (badRows.has(row.number)) await write(row.cells);
  out.end();
  await finished(out);
  return path;
}

/** As it was read: a file that is to be imported again is guarded against nothing. */
const cellOf = (text: string): string => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
