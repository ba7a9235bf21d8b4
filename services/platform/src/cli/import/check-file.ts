import { createHash } from 'node:crypto';

import { CommandFailed } from '../output.ts';
import type { Columns, Mapping, Source } from './mapping.ts';
import { columnsOf } from './mapping.ts';
import type { PlatformFacts } from './platform-facts.ts';
import type { FileRow, UsageFile } from './usage-file.ts';
import { openUsageFile, readUsageFile } from './usage-file.ts';
import type { Fault, UsageEvent } from './usage-row.ts';
import { eventOf, isEvent, rowsSource } from './usage-row.ts';

/** How many faults are listed; the others are counted. */
const faultsShown = 20;

export type GoodRow = { readonly event: UsageEvent; readonly row: FileRow };
/** A file that was read from its first to its last row, and what was found. */
export type CheckedFile = {
  readonly file: UsageFile;
  readonly header: readonly string[];
  readonly columns: Columns;
  readonly rows: number;
  /** Names the whole of it by its content. */
  readonly chain: string;
  readonly faults: readonly Fault[];
  readonly faultCount: number;
  readonly badRows: ReadonlySet<number>;
  /** Sums over all good rows, by quantity. */
  readonly quantities: ReadonlyMap<string, bigint>;
  /** What its good rows would come to by the card in force; null where it is not known. */
  readonly amount: bigint | null;
};

/** Reads a whole file and checks each row, as far as it can be done before anything is booked. */
export async function checkFile(path: string, mapping: Mapping, facts: PlatformFacts): Promise<CheckedFile> {
  const file = await openUsageFile(path);
  const { header, rows } = await readUsageFile(file);
  const columns = columnsOf(file.name, header, mapping);
  const found = new Findings();
  let last: FileRow | null = null;
  for await (const row of rows) {
    last = row;
    const event = eventOf(row, { columns, width: header.length, source: rowsSource, nowMs: facts.nowMs });
    if (!isEvent(event)) found.bad(row, event);
    else await found.take(row, event, { columns, facts });
  }
  return {
    file,
    header,
    columns,
    rows: last?.number ?? 0,
    chain: last?.chain ?? '',
    faults: found.faults,
    faultCount: found.faultCount,
    badRows: found.badRows,
    quantities: found.quantities,
    amount: found.amount,
  };
}

/**
 * The file with these good rows among the bad ones, each with one fault. What the others come to is not known any more.
 */
export function withFaults(checked: CheckedFile, bad: readonly (GoodRow & { readonly fault: Fault })[]): CheckedFile {
  if (bad.length === 0) return checked;
  const quantities = new Map(checked.quantities);
  // A row that came twice was counted once.
  const counted = new Map(bad.map(({ event }) => [JSON.stringify([event.subject, event.id]), event]));
  for (const { data } of counted.values()) {
    for (const [name, count] of Object.entries(data)) {
      if (name !== 'model') quantities.set(name, (quantities.get(name) ?? 0n) - BigInt(count));
    }
  }
  const faults = [...checked.faults, ...bad.map(({ fault }) => fault)].sort((a, b) => a.line - b.line);
  return {
    ...checked,
    faults: faults.slice(0, faultsShown),
    faultCount: checked.faultCount + bad.length,
    badRows: new Set([...checked.badRows, ...bad.map(({ row }) => row.number)]),
    quantities,
    amount: null,
  };
}

class Findings {
  readonly faults: Fault[] = [];
  readonly badRows = new Set<number>();
  readonly quantities = new Map<string, bigint>();
  amount: bigint | null = 0n;
  faultCount = 0;
  /** By account and id: on which line it came first, and what it said. */
  readonly #ids = new Map<string, { readonly line: number; readonly content: string }>();

  bad(row: FileRow, faults: readonly Fault[]): void {
    this.badRows.add(row.number);
    this.faultCount += faults.length;
    this.faults.push(...faults.slice(0, Math.max(0, faultsShown - this.faults.length)));
  }

  async take(
    row: FileRow,
    event: UsageEvent,
    { columns, facts }: { readonly columns: Columns; readonly facts: PlatformFacts },
  ): Promise<void> {
    const fault = (from: Source | null, detail: string): void =>
      this.bad(row, [{ line: row.line, ...(from !== null && 'name' in from ? { column: from.name } : {}), detail }]);
    const first = columns.id === null ? 'new' : this.#firstOf(row, event);
    if (typeof first === 'number')
      return fault(columns.id, `${JSON.stringify(event.id)} is the id of line ${first} too, with other content`);
    const foreseen = await facts.foresee(event);
    if ('fault' in foreseen) return fault(foreseen.about === 'account' ? columns.account : null, foreseen.fault);
    if (first === 'again') return;
    this.amount = this.amount === null || foreseen.amount === null ? null : this.amount + foreseen.amount;
    for (const [name, count] of Object.entries(event.data)) {
      if (name !== 'model') this.quantities.set(name, (this.quantities.get(name) ?? 0n) + BigInt(count));
    }
  }

  /** `again`: the row was in the file before; a number: the line on which its id came with other content. */
  #firstOf({ line }: FileRow, { subject, id, ...said }: UsageEvent): 'new' | 'again' | number {
    const key = JSON.stringify([subject, id]);
    const content = createHash('sha256')
      .update(JSON.stringify({ ...said, time: said.time === undefined ? null : Date.parse(said.time) }))
      .digest('base64');
    const known = this.#ids.get(key);
    if (known === undefined) this.#ids.set(key, { line, content });
    if (known === undefined) return 'new';
    return known.content === content ? 'again' : known.line;
  }
}

/**
 * The good rows of a checked file as events, in order, with the line of each. @throws CommandFailed when the file has
 * changed since.
 */
export async function* goodRows(
  checked: CheckedFile,
  of: { readonly source: string; readonly nowMs: number },
): AsyncGenerator<GoodRow> {
  const { file, columns, header, badRows } = checked;
  const changed = (): CommandFailed => new CommandFailed(`${file.name} changed while it was imported; import it again`);
  const reading = await readUsageFile(file);
  let last = '';
  for await (const row of reading.rows) {
    last = row.chain;
    if (badRows.has(row.number)) continue;
    const event = eventOf(row, { columns, width: header.length, ...of });
    if (!isEvent(event)) throw changed();
    yield { event, row };
  }
  if (last !== checked.chain) throw changed();
}
