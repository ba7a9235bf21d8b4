import { modelMeter, quantityFault } from '@tollgate/pricing';

import type { Columns, Source } from './mapping.ts';
import type { FileRow } from './usage-file.ts';
import { readTime } from './usage-time.ts';

export type UsageEvent = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly subject: string;
  readonly type: typeof modelMeter;
  readonly time?: string;
  readonly data: { readonly [member: string]: string | number };
};
export type Fault = { readonly line: number; readonly column?: string; readonly detail: string };

const sources = 'urn:tollgate:import';
/**
 * Where rows without an id come from: each is named by the rows before it, so that it is known in a copy, a mended and
 * a grown file.
 */
export const rowsSource = `${sources}:rows`;
/** Rows that are booked although the same were imported before; the same file so once more is the same again. */
export const asNewSource = (chain: string): string => `${sources}:as-new:${chain}`;
const idSource = (column: string): string => `${sources}:id:${column}`.slice(0, 500);

const idMax = 255;
const earliestMs = Date.UTC(2000, 0, 1);
const aheadMaxMs = 24 * 3_600_000;

/**
 * The event of a row, or all that is wrong with it. `nowMs`: the platform's time, which a row may be a day ahead of.
 */
export function eventOf(
  row: FileRow,
  of: { readonly columns: Columns; readonly width: number; readonly source: string; readonly nowMs: number },
): UsageEvent | readonly Fault[] {
  const { columns, width, source, nowMs } = of;
  if (row.cells.length !== width)
    return [{ line: row.line, detail: `there are ${row.cells.length} cells, the header names ${width}` }];
  const faults: Fault[] = [];
  const fault = (from: Source, detail: string): void =>
    void faults.push({ line: row.line, ...('name' in from ? { column: from.name } : {}), detail });
  const text = (from: Source): string => ('text' in from ? from.text : (row.cells[from.at] ?? ''));

  const subject = text(columns.account);
  if (subject === '') fault(columns.account, 'the account is empty');
  const time = columns.time === null ? undefined : timeOf(text(columns.time), { zone: columns.zone, nowMs });
  if (columns.time !== null && time !== undefined && 'fault' in time) fault(columns.time, time.fault);
  const model = columns.model === null ? '' : text(columns.model);
  const data = quantitiesIn(columns, text, fault);
  const id = columns.id === null ? row.chain : text(columns.id);
  if (columns.id !== null && (id === '' || id.length > idMax)) fault(columns.id, `an id has 1 to ${idMax} characters`);
  if (faults.length > 0) return faults;
  return {
    specversion: '1.0',
    id,
    source: columns.id === null ? source : idSource(columns.id.name),
    subject,
    type: modelMeter,
    ...(time !== undefined && 'time' in time ? { time: time.time } : {}),
    data: { ...(model === '' ? {} : { model }), ...data },
  };
}

function timeOf(
  text: string,
  { zone, nowMs }: { readonly zone: string; readonly nowMs: number },
): { readonly time: string } | { readonly fault: string } {
  const time = readTime(text, zone);
  if (time === null) return { fault: `${shown(text)} is not a time` };
  const atMs = Date.parse(time);
  return atMs < earliestMs || atMs > nowMs + aheadMaxMs
    ? { fault: `${shown(text)} lies before 2000 or more than 24 hours ahead` }
    : { time };
}

/** Counts beside each other as they are; parts of a total are taken off it, so that no token is counted twice. */
function quantitiesIn(
  columns: Columns,
  text: (from: Source) => string,
  fault: (from: Source, detail: string) => void,
): UsageEvent['data'] {
  const counted = new Map<string, bigint>();
  for (const { quantity, from } of [...columns.counts, ...columns.parts]) {
    const cell = text(from);
    const value = cell === '' && columns.emptyAsZero ? '0' : cell;
    if (!/^[0-9]{1,19}$/.test(value))
      fault(
        from,
        cell === ''
          ? 'the count is empty (--empty-as-zero reads it as 0)'
          : `${shown(cell)} is not a whole number from 0`,
      );
    else {
      const count = BigInt(value);
      const beyond = quantityFault(quantity, String(count));
      if (beyond !== null) fault(from, beyond);
      counted.set(quantity, count);
    }
  }
  for (const { quantity, from, of } of columns.parts) {
    const whole = counted.get(of) ?? 0n;
    const part = counted.get(quantity) ?? 0n;
    if (part > whole) fault(from, `${part} ${quantity} cannot be inside of ${whole} ${of}`);
    else counted.set(of, whole - part);
  }
  return Object.fromEntries(
    [...counted].map(([name, count]) => [
      name,
      count <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(count) : String(count),
    ]),
  );
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

export const isEvent = (read: UsageEvent | readonly Fault[]): read is UsageEvent => !Array.isArray(read);
