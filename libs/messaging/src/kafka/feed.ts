import type { KafkaMessage } from 'kafkajs';

import type { LogRecord, RecordHeaders, TopicPartition } from '../event-log.ts';
import type { Bounds, RecordSource, Taken } from '../partition-worker.ts';

/** What a feed needs of the consumer that fetches for it. */
export type FeedPorts = {
  readonly committed: () => Promise<number>;
  readonly bounds: () => Promise<Bounds>;
  readonly seek: (where: TopicPartition, offset: number) => void;
  readonly pause: (where: TopicPartition) => void;
  readonly resume: (where: TopicPartition) => void;
};

/**
 * The bounded queue between kafkajs, which fetches again only after `eachBatch` has returned, and the handler, so that
 * fetching and handling overlap. A record that does not follow the last one makes it read the topic's bounds, then seek
 * back or report (rule 2; kafkajs jumps silently when its position is out of range).
 */
export class Feed implements RecordSource {
  readonly where: TopicPartition;
  readonly #ports: FeedPorts;
  readonly #wake: () => void;
  readonly #queuedMax: number;
  #queue: LogRecord[] = [];
  #head = 0;
  /** Next offset expected from the consumer; undefined: nothing is wanted yet. */
  #next: number | undefined;
  /** The position has been compared with the bounds since it was set or doubted. */
  #checked = false;
  #paused = true;

  constructor(where: TopicPartition, queuedMax: number, ports: FeedPorts, wake: () => void) {
    this.where = where;
    this.#queuedMax = queuedMax;
    this.#ports = ports;
    this.#wake = wake;
  }

  /** `waits`: the start is not known yet; `full`: no more may be fetched until records are handled. */
  get state(): 'waits' | 'fetches' | 'full' {
    if (!this.#checked) return 'waits';
    return this.#paused ? 'full' : 'fetches';
  }

  committed(): Promise<number> {
    return this.#ports.committed();
  }

  from(offset: number): void {
    this.#queue = [];
    this.#head = 0;
    this.#next = offset;
    this.#checked = false;
  }

  async take(position: number, max: number): Promise<Taken> {
    if (!this.#checked) {
      const expected = this.#next;
      const bounds = await this.#ports.bounds();
      if (this.#next !== expected || expected === undefined) return [];
      if (expected < bounds.start || expected > bounds.end) {
        this.#stop();
        return { outside: bounds };
      }
      this.#checked = true;
      this.#ports.seek(this.where, expected);
      this.#resume();
    }
    const oldest = this.#queue[this.#head]?.offset ?? this.#next ?? position;
    if (position < oldest || position > (this.#next ?? position)) {
      this.from(position);
      this.#wake();
      return [];
    }
    // Handled records are dropped only now, because a rejected batch is delivered again.
    this.#head += Math.min(position - oldest, this.#queue.length - this.#head);
    if (this.#head > 1_024 || this.#head === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    if (this.#paused && this.#queue.length - this.#head < this.#queuedMax / 2) this.#resume();
    return this.#queue.slice(this.#head, this.#head + max);
  }

  end(): void {
    this.#stop();
  }

  /** Takes fetched records. false: they are not taken, and the consumer must fetch them again. */
  push(messages: readonly KafkaMessage[]): boolean {
    const first = messages[0];
    if (first === undefined || this.#next === undefined || !this.#checked) return false;
    if (Number(first.offset) !== this.#next) {
      this.#checked = false;
      this.#pause();
      this.#wake();
      return false;
    }
    for (const message of messages) this.#queue.push(toLogRecord(message));
    this.#next += messages.length;
    if (this.#queue.length - this.#head >= this.#queuedMax) this.#pause();
    this.#wake();
    return true;
  }

  /** After a rejoin the consumer has lost our position; it is set again. */
  rejoined(): void {
    if (this.#next !== undefined && this.#checked) this.#ports.seek(this.where, this.#next);
    if (this.#paused) this.#ports.pause(this.where);
    else this.#ports.resume(this.where);
  }

  #stop(): void {
    this.#next = undefined;
    this.#queue = [];
    this.#head = 0;
    this.#pause();
  }

  #pause(): void {
    this.#paused = true;
    this.#ports.pause(this.where);
  }

  #resume(): void {
    this.#paused = false;
    this.#ports.resume(this.where);
  }
}

const none: RecordHeaders = Object.freeze({});

export function toLogRecord({ offset, timestamp, key, value, headers }: KafkaMessage): LogRecord {
  return {
    offset: Number(offset),
    timeMs: Number(timestamp),
    key: key?.toString() ?? '',
    value: value?.toString() ?? '',
    headers: toHeaders(headers),
  };
}

function toHeaders(headers: KafkaMessage['headers']): RecordHeaders {
  let filled: Record<string, string> | undefined;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    filled ??= {};
    filled[name] = Array.isArray(value) ? String(value.at(-1) ?? '') : value.toString();
  }
  return filled ?? none;
}
