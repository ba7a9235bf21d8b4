import type { Clock } from '@tollgate/kernel';
import { AppError, doublingMs, invariant } from '@tollgate/kernel';
import { rest } from '@tollgate/service-kit';

import type { PendingAppend } from '../append-queue.ts';
import { AppendQueue, logUnavailable } from '../append-queue.ts';
import type { Appended, OutgoingRecord } from '../event-log.ts';
import { encodeBlob, toLogRecords } from './blob.ts';
import type { Backend, LogConnection } from './log-connection.ts';
import { connectLog, surelyRefused } from './log-connection.ts';
import type { PartitionLog } from './partition-log.ts';
import { TailCache } from './partition-log.ts';
import type { StoredPartition } from './store.ts';
import { storedPartitions } from './store.ts';

export type WriterOptions = {
  readonly url: string;
  readonly clock: Clock;
  readonly appendTimeoutMs: number;
  readonly tailBytesMax: number;
  readonly onTrouble: (message: string, error: unknown) => void;
};

/** All blobs of a send are one binary parameter, which the server splits. */
const appendSql = `
insert into log.batches (topic, partition, records, first_offset, time_ms, body)
select t, p, r, o, m, substring($6::bytea from s for l)
from unnest($1::int[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $7::int[], $8::int[]) as u (t, p, r, o, m, s,
  l)`;

/** The part of a send that goes into one partition. */
type Part = {
  readonly log: PartitionLog;
  readonly first: number;
  readonly timeMs: number;
  readonly records: OutgoingRecord[];
};

const reconnectWaits = { firstMs: 20, maxMs: 500 };
const openPatienceMs = 1_000;
const openPauseMs = 50;

/**
 * The only writer of the log. One statement is in flight; waiting calls are collected into the next one, and resolve
 * when its commit is on disk. Offsets are assigned here in the order of the commits, so they have no gaps (rule 2):
 * after an unknown outcome the connection is closed, and the ends are read again under the lock before anything is
 * written.
 */
export class LogWriter {
  readonly partitions = new Map<string, PartitionLog[]>();
  readonly #options: WriterOptions;
  readonly #queue: AppendQueue;
  readonly #tail: TailCache;
  #connection: LogConnection | undefined;
  #lastBackend: Backend | undefined;
  #sending: Promise<void> | undefined;
  #scheduled = false;
  #connecting: Promise<void> | undefined;
  #undecided: readonly Part[] = [];
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#queue = new AppendQueue(options.appendTimeoutMs, { recordsMax: 10_000, charsMax: 4 * 1024 * 1024 });
    this.#tail = new TailCache(options.tailBytesMax);
  }

  /** @throws AppError('conflict', LOG_IN_USE) when another process has the log open. */
  async open(): Promise<void> {
    // The back end of a process that was just killed may still be ending.
    for (const deadline = performance.now() + openPatienceMs; ; await rest(openPauseMs)) {
      try {
        return await this.#connect();
      } catch (error) {
        const inUse = error instanceof AppError && error.code === 'LOG_IN_USE';
        if (!inUse || performance.now() > deadline) throw error;
      }
    }
  }

  append(records: readonly OutgoingRecord[]): Promise<readonly Appended[]> {
    if (records.length === 0) return Promise.resolve([]);
    for (const record of records) this.partition(record.topic, record.partition);
    if (this.#closed) return Promise.reject(logUnavailable('the log is closed'));
    const appended = this.#queue.push(records);
    this.#schedule();
    return appended;
  }

  /** @throws AppError('bug') when there is no such partition: topics are created before they are used. */
  partition(topic: string, partition: number): PartitionLog {
    const log = this.partitions.get(topic)?.[partition];
    if (log === undefined)
      throw new AppError('bug', 'INVARIANT_BROKEN', `the log has no partition ${partition} of ${topic}`);
    return log;
  }

  /** Rejects when appends cannot succeed now; waits for a send under way. */
  async check(): Promise<void> {
    if (this.#connection === undefined) throw logUnavailable('the log has no connection to its database');
    await this.#sending;
  }

  /** Adds partitions that the process does not know yet. */
  add(stored: readonly StoredPartition[]): void {
    for (const { topic, topicNumber, partition, start, end, lastMs } of stored) {
      const ofTopic = this.partitions.get(topic) ?? [];
      this.partitions.set(topic, ofTopic);
      ofTopic[partition] ??= { topic, topicNumber, partition, start, end, lastMs, tail: [], waiting: new Set() };
    }
  }

  /** Reads the bounds from the database, under the lock: they include our commits whose answer was lost. */
  async #reload(connection: LogConnection): Promise<void> {
    const all = await storedPartitions(connection.client, null);
    this.add(all);
    this.#tail.clear();
    for (const { topic, partition, start, end, lastMs } of all) {
      const known = this.partition(topic, partition);
      if (known.end > end) {
        this.#options.onTrouble(
          `partition ${partition} of ${topic} lost its end: ${known.end} before, ${end} now`,
          undefined,
        );
      }
      Object.assign(known, { start, end, lastMs: Math.max(known.lastMs, lastMs) });
    }
  }

  async close(): Promise<void> {
    while (this.#sending !== undefined || (!this.#queue.empty && this.#connection !== undefined)) {
      await (this.#sending ?? new Promise((resolve) => setImmediate(resolve)));
    }
    this.#closed = true;
    this.#queue.close(logUnavailable('the log is closed'));
    await this.#connecting?.catch(() => undefined);
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.client.end().catch(() => undefined);
  }

  /** Sends a moment later, so that all callers that one commit resolved get into the next send together. */
  #schedule(): void {
    if (this.#scheduled || this.#sending !== undefined || this.#connection === undefined || this.#queue.empty) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#sending !== undefined || this.#connection === undefined || this.#queue.empty) return;
      this.#sending = this.#send(this.#connection).finally(() => {
        this.#sending = undefined;
        this.#schedule();
      });
    });
  }

  async #send(connection: LogConnection): Promise<void> {
    const collected = this.#queue.collect();
    const { parts, positions } = this.#place(collected);
    this.#undecided = parts;
    try {
      await connection.client.query({ name: 'log_append', text: appendSql, values: appendValues(parts) });
    } catch (error) {
      if (surelyRefused(error) && !connection.lost()) {
        this.#undecided = [];
        this.#queue.settle((pending) =>
          pending.reject(logUnavailable('the database of the log refused the records', error)),
        );
        this.#options.onTrouble('the database refused an append', error);
      } else {
        this.#lose(connection, error);
        await this.#connecting;
      }
      return;
    }
    this.#undecided = [];
    this.#committed(parts);
    this.#queue.settle((pending) => pending.resolve(positions.get(pending) ?? []));
  }

  /** Assigns every record its offset, and every partition's part a time that never goes back. */
  #place(collected: readonly PendingAppend[]): {
    parts: readonly Part[];
    positions: Map<PendingAppend, readonly Appended[]>;
  } {
    const now = this.#options.clock.nowMs();
    const parts = new Map<PartitionLog, Part>();
    const positions = new Map<PendingAppend, readonly Appended[]>();
    for (const pending of collected) {
      positions.set(
        pending,
        pending.records.map((record) => {
          const log = this.partition(record.topic, record.partition);
          let part = parts.get(log);
          if (part === undefined)
            parts.set(log, (part = { log, first: log.end, timeMs: Math.max(log.lastMs, now), records: [] }));
          return { partition: record.partition, offset: part.first + part.records.push(record) - 1 };
        }),
      );
    }
    return { parts: [...parts.values()], positions };
  }

  #committed(parts: readonly Part[]): void {
    for (const { log, first, timeMs, records } of parts) {
      invariant(log.end === first, 'offsets follow each other');
      log.end = first + records.length;
      log.lastMs = timeMs;
      const bytes = records.reduce((sum, { key, value }) => sum + (key.length + value.length) * 2 + 200, 0);
      this.#tail.add(log, { first, records: toLogRecords(records, first, timeMs), bytes });
      for (const wake of log.waiting) wake();
    }
  }

  #lose(connection: LogConnection, error: unknown): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#lastBackend = connection.backend;
    connection.client.end().catch(() => undefined);
    if (this.#closed) return;
    this.#options.onTrouble('the log lost its database', error);
    this.#connecting ??= this.#reconnect().finally(() => {
      this.#connecting = undefined;
      this.#schedule();
    });
  }

  async #reconnect(): Promise<void> {
    for (let failures = 0; !this.#closed; failures++) {
      try {
        await this.#connect();
        return;
      } catch (error) {
        this.#options.onTrouble('the log cannot reach its database yet', error);
      }
      await rest(doublingMs(reconnectWaits, failures));
    }
  }

  /** Under the lock nothing of an earlier connection can commit any more, so the ends read now are final. */
  async #connect(): Promise<void> {
    let opened: LogConnection | undefined;
    const onLost = (): void => {
      if (opened !== undefined) this.#lose(opened, undefined);
    };
    const connection = (opened = await connectLog(this.#options.url, this.#lastBackend, onLost));
    this.#lastBackend = connection.backend;
    try {
      await this.#reload(connection);
    } catch (error) {
      connection.client.end().catch(() => undefined);
      throw error;
    }
    if (connection.lost()) throw logUnavailable('the database of the log went away again');
    this.#decide();
    this.#connection = connection;
    for (const ofTopic of this.partitions.values()) for (const log of ofTopic) for (const wake of log.waiting) wake();
    this.#schedule();
  }

  /** Settles a send of unknown outcome: it was one statement, so all of it was written or nothing. */
  #decide(): void {
    const [part] = this.#undecided;
    if (part === undefined) return;
    const written = part.log.end === part.first + part.records.length;
    const parts = new Map(this.#undecided.map((one) => [one.log, one.first]));
    this.#undecided = [];
    if (!written) return this.#queue.again();
    this.#queue.settle((pending) =>
      pending.resolve(
        pending.records.map(({ topic, partition }) => {
          const log = this.partition(topic, partition);
          const offset = parts.get(log) ?? 0;
          parts.set(log, offset + 1);
          return { partition, offset };
        }),
      ),
    );
  }
}

function appendValues(parts: readonly Part[]): unknown[] {
  const blobs = parts.map(({ records }) => encodeBlob(records));
  let at = 1;
  const starts = blobs.map((blob) => (at += blob.length) - blob.length);
  return [
    parts.map(({ log }) => log.topicNumber),
    parts.map(({ log }) => log.partition),
    parts.map(({ records }) => records.length),
    parts.map(({ first }) => first),
    parts.map(({ timeMs }) => timeMs),
    blobs.length === 1 ? blobs[0] : Buffer.concat(blobs),
    starts,
    blobs.map((blob) => blob.length),
  ];
}
