import type { LogRecord } from '../event-log.ts';

/** One partition in memory: its committed bounds and the newest records. */
export type PartitionLog = {
  readonly topic: string;
  /** Number of the topic in the database. */
  readonly topicNumber: number;
  readonly partition: number;
  /** First offset kept. */
  start: number;
  /** Next offset to be written; all below it is committed. */
  end: number;
  /** Time of the last record: the next one is never earlier (rule 1). */
  lastMs: number;
  /** The newest batches, oldest first, without gaps up to `end`. */
  tail: TailBatch[];
  /** Readers that wait for more records. */
  readonly waiting: Set<() => void>;
};
export type TailBatch = { readonly first: number; readonly records: readonly LogRecord[]; readonly bytes: number };

/** Keeps the newest records in memory, up to a number of bytes over all partitions; the oldest are dropped first. */
export class TailCache {
  readonly #order: PartitionLog[] = [];
  #head = 0;
  #bytes = 0;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(partition: PartitionLog, batch: TailBatch): void {
    partition.tail.push(batch);
    this.#order.push(partition);
    this.#bytes += batch.bytes;
    while (this.#bytes > this.#bytesMax) this.#dropOldest();
    if (this.#head > 1_024 && this.#head * 2 > this.#order.length) {
      this.#order.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Drops everything; it is read from the database again. */
  clear(): void {
    for (const partition of this.#order) partition.tail = [];
    this.#order.length = 0;
    this.#head = 0;
    this.#bytes = 0;
  }

  #dropOldest(): void {
    const dropped = this.#order[this.#head++]?.tail.shift();
    if (dropped !== undefined) this.#bytes -= dropped.bytes;
  }
}

/** Records from `position` that are in memory, at most `max`; undefined when the first is not. */
export function fromTail({ tail }: PartitionLog, position: number, max: number): readonly LogRecord[] | undefined {
  const oldest = tail[0];
  if (oldest === undefined || position < oldest.first) return undefined;
  let index = 0;
  for (let above = tail.length; above - index > 1;) {
    const middle = (index + above) >> 1;
    if ((tail[middle]?.first ?? 0) > position) above = middle;
    else index = middle;
  }
  const batch = tail[index];
  if (batch === undefined) return undefined;
  const from = position - batch.first;
  const alone = from === 0 && batch.records.length <= max && index === tail.length - 1;
  if (alone) return batch.records;
  const records = batch.records.slice(from, from + max);
  for (let next = index + 1; next < tail.length && records.length < max; next++) {
    records.push(...(tail[next]?.records.slice(0, max - records.length) ?? []));
  }
  return records;
}
