import { doublingMs } from '@tollgate/kernel';
import { OnFirstUse, rest } from '@tollgate/service-kit';
import type { Kafka, Message, Producer } from 'kafkajs';

import type { PendingAppend } from '../append-queue.ts';
import { AppendQueue, logUnavailable } from '../append-queue.ts';
import type { Appended, OutgoingRecord } from '../event-log.ts';
import { type OnTrouble, within } from './client.ts';

/** Idempotence allows one request in flight per broker, so all that waits goes into one send (measured: kafka.md). */
const limits = { recordsMax: 2_000, charsMax: 2 * 1024 * 1024 };
const reconnectWaits = { firstMs: 20, maxMs: 500 };
/**
 * kafkajs may wait for ever for an answer on a lost connection; after this time the producer is replaced as after a
 * failure.
 */
const connectMaxMs = 3_000;
const sendMaxMs = 5_000;
const disconnectMaxMs = 2_000;
/**
 * A failed append counts against the log, even when the connection is up, until another succeeds or this time has
 * passed.
 */
const failureCountsMs = 1_000;

/**
 * The producer: idempotent, acks=all, one collected send in flight. A failed send leaves the producer's sequence
 * numbers in doubt (a broker would drop the next batch under the same number as a repetition), so the producer is
 * replaced by a new one with a new id.
 */
export class KafkaAppender {
  readonly #kafka: Kafka;
  readonly #queue: AppendQueue;
  readonly #onTrouble: OnTrouble;
  readonly #producer = new OnFirstUse(
    () => this.#connect(),
    (producer) => producer.disconnect(),
  );
  #sending: Promise<void> | undefined;
  #scheduled = false;
  #closed = false;
  #failures = 0;
  #failedAt = -Infinity;

  constructor(kafka: Kafka, appendTimeoutMs: number, onTrouble: OnTrouble) {
    this.#kafka = kafka;
    this.#queue = new AppendQueue(appendTimeoutMs, limits);
    this.#onTrouble = onTrouble;
  }

  append(records: readonly OutgoingRecord[]): Promise<readonly Appended[]> {
    if (records.length === 0) return Promise.resolve([]);
    if (this.#closed) return Promise.reject(logUnavailable('the log is closed'));
    const appended = this.#queue.push(records);
    this.#schedule();
    return appended;
  }

  /**
   * Rejects when an append would fail now: the last one failed, or the cluster assigns the producer no id. A broker
   * answers other requests some time before that works.
   */
  async check(): Promise<void> {
    if (performance.now() - this.#failedAt < failureCountsMs) throw logUnavailable('the last append failed');
    if (this.#sending === undefined) await this.#connected();
  }

  async close(): Promise<void> {
    while (this.#sending !== undefined || !this.#queue.empty)
      await (this.#sending ?? new Promise((resolve) => setImmediate(resolve)));
    this.#closed = true;
    this.#queue.close(logUnavailable('the log is closed'));
    await this.#discard();
  }

  #schedule(): void {
    if (this.#scheduled || this.#sending !== undefined || this.#queue.empty) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#sending !== undefined || this.#queue.empty) return;
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined;
        this.#schedule();
      });
    });
  }

  async #send(): Promise<void> {
    let producer: Producer;
    try {
      producer = await this.#connected();
    } catch (error) {
      this.#failedAt = performance.now();
      this.#onTrouble('Kafka cannot be reached yet', error);
      await rest(doublingMs(reconnectWaits, this.#failures++));
      return;
    }
    this.#failures = 0;
    const { topics, places } = place(this.#queue.collect());
    try {
      const sent = await within(
        sendMaxMs,
        producer.sendBatch({
          acks: -1,
          topicMessages: [...topics].map(([topic, messages]) => ({ topic, messages })),
        }),
      );
      const bases = new Map(
        sent.map(({ topicName, partition, baseOffset }) => [`${topicName}/${partition}`, Number(baseOffset)]),
      );
      this.#failedAt = -Infinity;
      this.#queue.settle((pending) =>
        pending.resolve(
          (places.get(pending) ?? []).map(({ topic, partition, index }) => ({
            partition,
            offset: (bases.get(`${topic}/${partition}`) ?? 0) + index,
          })),
        ),
      );
    } catch (error) {
      this.#failedAt = performance.now();
      this.#onTrouble('an append to Kafka failed', error);
      void this.#discard();
      this.#queue.settle((pending) =>
        pending.reject(logUnavailable('Kafka did not confirm the records; they may have been written', error)),
      );
    }
  }

  async #connected(): Promise<Producer> {
    return this.#producer.use(
      (producer) => Promise.resolve(producer),
      (result) => within(connectMaxMs, result),
    );
  }

  async #connect(): Promise<Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
      retry: { initialRetryTime: 50, maxRetryTime: 400, retries: 4 },
    });
    await producer.connect();
    return producer;
  }

  async #discard(): Promise<void> {
    await within(disconnectMaxMs, this.#producer.close()).catch(() => undefined);
  }
}

type Place = { readonly topic: string; readonly partition: number; readonly index: number };

/** One list of messages per topic, in the order of the calls; where each record stands in its partition's part. */
function place(collected: readonly PendingAppend[]): {
  topics: Map<string, Message[]>;
  places: Map<PendingAppend, readonly Place[]>;
} {
  const topics = new Map<string, Message[]>();
  const counts = new Map<string, number>();
  const places = new Map<PendingAppend, readonly Place[]>();
  for (const pending of collected) {
    places.set(
      pending,
      pending.records.map(({ topic, partition, key, value, headers }) => {
        const messages = topics.get(topic) ?? [];
        topics.set(topic, messages);
        messages.push({ key, value, partition, ...(headers === undefined ? {} : { headers: { ...headers } }) });
        const name = `${topic}/${partition}`;
        const index = counts.get(name) ?? 0;
        counts.set(name, index + 1);
        return { topic, partition, index };
      }),
    );
  }
  return { topics, places };
}
