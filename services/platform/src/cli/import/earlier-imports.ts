import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Api } from '../api.ts';
import { CommandFailed } from '../output.ts';
import type { CheckedFile, GoodRow } from './check-file.ts';
import { goodRows } from './check-file.ts';
import { rowsSource } from './usage-row.ts';

/** Events that are asked for at once. */
const askedMax = 150;
/** A file none of whose first rows is known begins with no earlier import. */
const firstRows = 1_000;

/** Good rows that are booked already, and those whose id is booked with other content: they would be refused. */
export type KnownRows = { readonly known: number; readonly reused: readonly GoodRow[] };

/**
 * What the books know of the good rows of a file, under the names that the import gives them; `whole`: of all, however
 * it begins.
 */
export async function knownRows(
  api: Api,
  checked: CheckedFile,
  { nowMs, whole }: { readonly nowMs: number; readonly whole: boolean },
): Promise<KnownRows> {
  let known = 0;
  let asked = 0;
  const reused: GoodRow[] = [];
  let batch: GoodRow[] = [];
  const ask = async (): Promise<void> => {
    if (batch.length === 0) return;
    const answer = await api.send<{ readonly known: readonly boolean[]; readonly reused: readonly boolean[] }>(
      'POST',
      '/v1/events/known',
      { body: { events: batch.map(({ event }) => event) } },
    );
    known += (answer?.known ?? []).filter(Boolean).length;
    reused.push(...batch.filter((_, at) => answer?.reused[at] === true));
    asked += batch.length;
    batch = [];
  };
  for await (const named of goodRows(checked, { source: rowsSource, nowMs })) {
    batch.push(named);
    if (batch.length < askedMax) continue;
    await ask();
    if (!whole && asked >= firstRows && known === 0) return { known, reused };
  }
  await ask();
  return { known, reused };
}

/** What to do with a file some of whose rows were booked before. */
export type Choice = { readonly continue?: boolean; readonly asNew?: boolean };

/**
 * @throws CommandFailed for a file that begins with the rows of an earlier import, unless the operator said what is
 * meant.
 */
export function refuseGrown(checked: CheckedFile, known: number, choice: Choice & { readonly begun: boolean }): void {
  if (known === 0 || known >= checked.rows - checked.badRows.size || choice.begun || choice.continue === true) return;
  const rest = checked.rows - known;
  throw new CommandFailed(
    `${checked.file.name}: ${known} of its ${checked.rows} rows were imported before, so it begins with the rows of ` +
      `an earlier import; nothing was booked. --continue books the ${rest} others alone, --as-new books all ` +
      `${checked.rows}. If the earlier file had other rows in their place, these count already: correct them instead`,
  );
}

/**
 * Remembers in the data folder which imports have begun and not ended, so that one that broke off is simply run again.
 * If the folder is lost, the operator is asked whether to go on; nothing is booked twice, because the books know rows.
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
