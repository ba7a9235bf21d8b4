/** Milliseconds between 1970-01-01 and 2000-01-01, from which PostgreSQL counts its timestamps. */
const postgresEpochMs = 946_684_800_000;
const twoTo32 = 2 ** 32;
const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/**
 * Rows in PostgreSQL's binary COPY format (PostgreSQL documentation, COPY, "Binary Format"). One method a column type,
 * called in the order of the columns.
 */
export class CopyBuffer {
  #buffer: Buffer;
  #length: number;
  rows = 0;

  constructor(sizeHint = 64 * 1024) {
    this.#buffer = Buffer.allocUnsafe(sizeHint);
    signature.copy(this.#buffer);
    // No flags, no header extension.
    this.#buffer.fill(0, signature.length, signature.length + 8);
    this.#length = signature.length + 8;
  }

  row(columns: number): this {
    this.rows++;
    this.#room(2);
    this.#length = this.#buffer.writeInt16BE(columns, this.#length);
    return this;
  }

  null(): this {
    this.#room(4);
    this.#length = this.#buffer.writeInt32BE(-1, this.#length);
    return this;
  }

  int2(value: number): this {
    this.#room(6);
    this.#length = this.#buffer.writeInt32BE(2, this.#length);
    this.#length = this.#buffer.writeInt16BE(value, this.#length);
    return this;
  }

  int4(value: number): this {
    this.#room(8);
    this.#length = this.#buffer.writeInt32BE(4, this.#length);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
    return this;
  }

  /** A whole number within ±2^53. */
  int8(value: number): this {
    this.#room(12);
    this.#length = this.#buffer.writeInt32BE(8, this.#length);
    this.#length = this.#buffer.writeInt32BE(Math.floor(value / twoTo32), this.#length);
    this.#length = this.#buffer.writeUInt32BE(value >>> 0, this.#length);
    return this;
  }

  int8OrNull(value: number | null): this {
    return value === null ? this.null() : this.int8(value);
  }

  bigint(value: bigint): this {
    if (value >= -9_007_199_254_740_991n && value <= 9_007_199_254_740_991n) return this.int8(Number(value));
    this.#room(12);
    this.#length = this.#buffer.writeInt32BE(8, this.#length);
    this.#length = this.#buffer.writeBigInt64BE(value, this.#length);
    return this;
  }

  bigintOrNull(value: bigint | null): this {
    return value === null ? this.null() : this.bigint(value);
  }

  bool(value: boolean): this {
    this.#room(5);
    this.#length = this.#buffer.writeInt32BE(1, this.#length);
    this.#length = this.#buffer.writeInt8(value ? 1 : 0, this.#length);
    return this;
  }

  /** Milliseconds since 1970 as timestamptz. */
  time(ms: number): this {
    const sinceEpoch = ms - postgresEpochMs;
    return Math.abs(sinceEpoch) < 9_007_199_254_740
      ? this.int8(sinceEpoch * 1000)
      : this.bigint(BigInt(sinceEpoch) * 1000n);
  }

  timeOrNull(ms: number | null): this {
    return ms === null ? this.null() : this.time(ms);
  }

  text(value: string): this {
    // UTF-8 takes at most three bytes a UTF-16 unit.
    this.#room(4 + value.length * 3);
    const bytes = this.#buffer.write(value, this.#length + 4, 'utf8');
    this.#buffer.writeInt32BE(bytes, this.#length);
    this.#length += 4 + bytes;
    return this;
  }

  textOrNull(value: string | null): this {
    return value === null ? this.null() : this.text(value);
  }

  bytes(value: Buffer): this {
    this.#room(4 + value.length);
    this.#length = this.#buffer.writeInt32BE(value.length, this.#length);
    this.#length += value.copy(this.#buffer, this.#length);
    return this;
  }

  hexOrNull(value: string | null): this {
    return value === null ? this.null() : this.bytes(Buffer.from(value, 'hex'));
  }

  /** JSON text as jsonb: a version byte before it. */
  jsonb(text: string): this {
    this.#room(5 + text.length * 3);
    const bytes = this.#buffer.write(text, this.#length + 5, 'utf8');
    this.#buffer.writeInt32BE(bytes + 1, this.#length);
    this.#buffer.writeInt8(1, this.#length + 4);
    this.#length += 5 + bytes;
    return this;
  }

  /** The finished stream, trailer included; the buffer is not to be written any more. */
  finish(): Buffer {
    this.#room(2);
    this.#length = this.#buffer.writeInt16BE(-1, this.#length);
    return this.#buffer.subarray(0, this.#length);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
