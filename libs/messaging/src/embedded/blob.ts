import { invariant } from '@tollgate/kernel';

import type { LogRecord, OutgoingRecord, RecordHeaders } from '../event-log.ts';

/**
 * The records of one append batch and partition as one value: an index of lengths, then all text at once, so that
 * reading costs one decoding and a few substrings per record. Little endian unsigned 32-bit numbers: version (1), bytes
 * of the index, then per record: key, value and number of headers, per header: name and value. Lengths count UTF-16
 * units of the text, which follows as UTF-8.
 */
const version = 1;
const none: RecordHeaders = Object.freeze({});

/** Encodes records of one partition. A lone surrogate becomes U+FFFD, as in Kafka. */
export function encodeBlob(records: readonly OutgoingRecord[]): Buffer {
  const lengths: number[] = [];
  let text = '';
  for (const { key, value, headers } of records) {
    const at = lengths.push(key.length, value.length, 0) - 1;
    // One by one: half a pair at the end of one text and half at the start of the next would become a character.
    text += key.toWellFormed();
    text += value.toWellFormed();
    if (headers === undefined) continue;
    for (const name in headers) {
      const header = headers[name];
      if (header === undefined) continue;
      lengths.push(name.length, header.length);
      lengths[at] = (lengths[at] ?? 0) + 1;
      text += name.toWellFormed();
      text += header.toWellFormed();
    }
  }
  const indexBytes = lengths.length * 4;
  const blob = Buffer.allocUnsafe(8 + indexBytes + Buffer.byteLength(text));
  blob.writeUInt32LE(version, 0);
  blob.writeUInt32LE(indexBytes, 4);
  let at = 8;
  for (const length of lengths) at = blob.writeUInt32LE(length, at);
  blob.write(text, at);
  return blob;
}

/** The records of a blob; the first has `firstOffset`. */
export function decodeBlob(blob: Buffer, firstOffset: number, timeMs: number): readonly LogRecord[] {
  invariant(blob.readUInt32LE(0) === version, 'a log batch has a known format');
  const textAt = 8 + blob.readUInt32LE(4);
  const text = blob.toString('utf8', textAt);
  const records: LogRecord[] = [];
  let read = 0;
  const next = (length: number): string => text.slice(read, (read += length));
  for (let at = 8, offset = firstOffset; at < textAt; offset++) {
    const key = next(blob.readUInt32LE(at));
    const value = next(blob.readUInt32LE(at + 4));
    const count = blob.readUInt32LE(at + 8);
    at += 12;
    let headers = none;
    if (count > 0) {
      const filled: Record<string, string> = {};
      for (let header = 0; header < count; header++, at += 8) {
        const name = next(blob.readUInt32LE(at));
        filled[name] = next(blob.readUInt32LE(at + 4));
      }
      headers = filled;
    }
    records.push({ offset, timeMs, key, value, headers });
  }
  return records;
}

/** The same as `decodeBlob(encodeBlob(records))`, without encoding. */
export function toLogRecords(
  records: readonly OutgoingRecord[],
  firstOffset: number,
  timeMs: number,
): readonly LogRecord[] {
  return records.map(({ key, value, headers }, index) => ({
    offset: firstOffset + index,
    timeMs,
    key: key.toWellFormed(),
    value: value.toWellFormed(),
    headers: headers === undefined ? none : wellFormedHeaders(headers),
  }));
}

function wellFormedHeaders(headers: RecordHeaders): RecordHeaders {
  for (const name in headers) {
    if (name.isWellFormed() && headers[name]?.isWellFormed() !== false) continue;
    return Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [key.toWellFormed(), value.toWellFormed()]),
    );
  }
  return headers;
}
