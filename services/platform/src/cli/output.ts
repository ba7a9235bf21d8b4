/** How a command answers: one JSON document with `--json`, else lines for people. */
export type Output = {
  /** The command's result; `lines` is its readable form. */
  result(value: unknown, lines: readonly string[]): void;
  /** Progress and remarks: stderr, never part of the result. */
  remark(line: string): void;
};

export const createOutput = (json: boolean): Output => ({
  result: (value, lines) =>
    void process.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join('')),
  remark: (line) => void (json || process.stderr.write(`${line}\n`)),
});

/** `1 row`, `2 rows`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Columns for people: a heading, then the rows, each column as wide as its widest cell. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = heading.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [heading, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A failure that the operator can act on: its message is all that is shown, and the command exits 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  /** The status with which the platform refused, where it did. */
  readonly status: number | undefined;
  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}
