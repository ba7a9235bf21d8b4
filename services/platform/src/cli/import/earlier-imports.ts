import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from '../api.ts';
import { CommandFailed } from '../output.ts';
import type { CheckedFile } from './check-file.ts';
import { goodRows } from './check-file.ts';
import type { UsageEvent } from './usage-row.ts';
import { rowsSource } from './usage-row.ts';

/** Events that are asked for at once. */
const askedMax = 250;
/** A file none of whose first rows is known begins with no earlier import. */
const firstRows = 1_000;

/** How many good rows of a file are booked already, under the names that they have by the rows before them. */
export async function knownRows(api: Api, checked: CheckedFile, nowMs: number): Promise<number> {
  let known = 0;
  let asked = 0;
  let batch: UsageEvent[] = [];
  const ask = async (): Promise<void> => {
    if (batch.length === 0) return;
    const events = batch.map(({ source, id, subject }) => ({ source, id, subject }));
    const answer = await api.send<{ readonly known: readonly boolean[] }>('POST', '/v1/events/known', {
      body: { events },
    });
    known += (answer?.known ?? []).filter(Boolean).length;
    asked += batch.length;
    batch = [];
  };
  for await (const { event } of goodRows(checked, { source: rowsSource, nowMs })) {
    batch.push(event);
    if (batch.length < askedMax) continue;
    await ask();
    if (asked >= firstRows && known === 0) return 0;
  }
  await ask();
  return known;
}

/** What to do with a file some of whose rows were booked before. */
export type Choice = { readonly continue?: boolean; readonly asNew?: boolean };

/** @throws CommandFailed for a file that begins with the rows of an earlier import, unless the operator said what is meant. */
export function refuseGrown(checked: CheckedFile, known: number, choice: Choice & { readonly begun: boolean }): void {
  if (known === 0 || known >= checked.rows - checked.badRows.size || choice.begun || choice.continue === true) return;
  const rest = checked.rows - known;
  throw new CommandFailed(
    `${checked.file.name}: ${known} of its ${checked.rows} rows were imported before, so it begins with the rows of an earlier import; nothing was booked. ` +
      `--continue books the ${rest} others alone, --as-new books all ${checked.rows}. ` +
      'If the earlier file had other rows in their place, these count already: correct them instead',
  );
}

/**
 * Remembers in the data folder which imports have begun and not ended, so that one that broke off is simply run again. What is lost
 * with the folder costs a question and nothing else: rows that are booked are known by the books.
 */
export class BegunImports {
  readonly #folder: string;
  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'imports');
  }

  has(chain: string): boolean {
    try {
      return readFileSync(join(this.#folder, chain)).length >= 0;
    } catch {
      return false;
    }
  }

  begin(chain: string, name: string): void {
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(join(this.#folder, chain), `${name}\n`);
    } catch {
      // A folder that cannot be written: the next run asks for --continue.
    }
  }

  end(chain: string): void {
    rmSync(join(this.#folder, chain), { force: true });
  }
}
