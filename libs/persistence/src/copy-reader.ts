import type pg from 'pg';

const headerBytes = 19;
const postgresEpochMs = 946_684_800_000;
const twoTo32 = 2 ** 32;

/**
 * Reads rows of PostgreSQL's binary COPY format, column by column in the order of the query (PostgreSQL documentation,
 * COPY, "Binary Format"). Several times as fast as rows of text with a parser a column.
 */
export class CopyReader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    this.#at = headerBytes;
  }

  /** Whether another row follows; its columns are read next. */
  next(): boolean {
    const columns = this.#buffer.readInt16BE(this.#at);
    this.#at += 2;
    return columns !== -1;
  }

  int2(): number {
    this.#at += 6;
    return this.#buffer.readInt16BE(this.#at - 2);
  }
  int4(): number {
    this.#at += 8;
    return this.#buffer.readInt32BE(this.#at - 4);
  }
  bool(): boolean {
    this.#at += 5;
    return this.#buffer[this.#at - 1] === 1;
  }
  /** A bigint column that is known to be within ±2^53. */
  int8(): number {
    this.#at += 12;
    return this.#buffer.readInt32BE(this.#at - 8) * twoTo32 + this.#buffer.readUInt32BE(this.#at - 4);
  }
  bigint(): bigint {
    this.#at += 12;
    const high = this.#buffer.readInt32BE(this.#at - 8);
    // Most amounts are small: a number's way to bigint is shorter.
    if (high >= -0x1f_ffff && high <= 0x1f_ffff)
      return BigInt(high * twoTo32 + this.#buffer.readUInt32BE(this.#at - 4));
    return this.#buffer.readBigInt64BE(this.#at - 8);
  }
  /** timestamptz as milliseconds since 1970. */
  time(): number {
    return Math.floor(this.int8() / 1000) + postgresEpochMs;
  }
  text(): string {
    return this.bytes().toString('utf8');
  }
  hex(): string {
    return this.bytes().toString('hex');
  }
  /** The value that `read` reads, or null. */
  orNull<T>(read: (this: CopyReader) => T): T | null {
    if (this.#buffer.readInt32BE(this.#at) !== -1) return read.call(this);
    this.#at += 4;
    return null;
  }

  /** A part of what was read, not a copy. */
  bytes(): Buffer {
    const length = this.#buffer.readInt32BE(this.#at);
    const from = this.#at + 4;
    this.#at = from + length;
    return this.#buffer.subarray(from, this.#at);
  }
}

/**
 * Runs `copy (…) to stdout (format binary)` and answers what came. Values in the text are whole numbers, never words.
 */
export function copyOut(client: Pick<pg.ClientBase, 'query'>, query: string): Promise<CopyReader> {
  return new Promise((resolve, reject) => {
    client.query(new CopyOut(`copy (${query}) to stdout (format binary)`, resolve, reject));
  });
}

class CopyOut implements pg.Submittable {
  /** The driver puts its own here when it watches the time: it stops when this is called. */
  callback: (() => void) | undefined;
  readonly #text: string;
  readonly #resolve: (reader: CopyReader) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: Buffer[] = [];

  constructor(text: string, resolve: (reader: CopyReader) => void, reject: (error: Error) => void) {
    this.#text = text;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: unknown): void {
    (connection as { query(text: string): void }).query(this.#text);
  }

  handleError(error: Error): void {
    this.#reject(error);
    this.callback?.();
  }

  handleReadyForQuery(): void {
    this.#resolve(new CopyReader(Buffer.concat(this.#chunks)));
    this.callback?.();
  }

  /** The driver uses its buffer again: what is kept is copied. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#chunks.push(Buffer.from(chunk));
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
}
