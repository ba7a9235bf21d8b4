import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

const names = [
  'entries',
  'boundaries',
  'later',
  'words',
  'explanations',
  'proofs',
  'seals',
  'checkpoints',
  'charges',
  'attempts',
  'payments',
  'credit_notes',
  'refunds',
  'fees',
  'top_ups',
] as const;

/** The files of an audit bundle that have a line an object, written as they come: a month of any size fits. */
export class BundleFiles {
  readonly #folder: string;
  readonly #streams = new Map<string, { readonly stream: WriteStream; lines: number }>();
  readonly #seals = new Set<number>();

  constructor(folder: string) {
    this.#folder = folder;
    for (const name of names)
      this.#streams.set(name, { stream: createWriteStream(join(folder, `${name}.jsonl`)), lines: 0 });
  }

  async write(name: string, value: object): Promise<void> {
    const file = this.#streams.get(name);
    if (!file) throw new RangeError(`there is no file ${name}`);
    file.lines++;
    if (!file.stream.write(`${JSON.stringify(value)}\n`)) await once(file.stream, 'drain');
  }

  /** Remembers the number of a seal that is needed. */
  note(seal: number): void {
    this.#seals.add(seal);
  }

  noted(): readonly number[] {
    return [...this.#seals].sort((a, b) => a - b);
  }

  lines(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#streams].map(([name, { lines }]) => [name, lines]));
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#streams.values()].map(({ stream }) => stream.writableFinished || finished(stream.end())),
    );
  }

  /** As `sha256sum` writes and checks them. */
  async writeSums(others: readonly string[]): Promise<void> {
    const sums: string[] = [];
    for (const name of [...others, ...names.map((one) => `${one}.jsonl`)].sort())
      sums.push(`${await sha256Of(join(this.#folder, name))}  ${name}\n`);
    await writeFile(join(this.#folder, 'SHA256SUMS'), sums.join(''));
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
