/**
 * The ordered log (design §2). Two adapters pass one contract spec: Apache Kafka and an embedded PostgreSQL table.
 * Offsets are gapless per partition and start at 0 for a new topic; time is the log's own and never goes back in a
 * partition as the ledger reads it (rule 1).
 */
export interface EventLog {
  /**
   * Appends records; resolves when all are durable (acks=all / committed), with their positions in the order given.
   * Concurrent calls are collected into one send, order per (topic, partition) is the order of the calls.
   * @throws AppError('unavailable', LOG_UNAVAILABLE) within `appendTimeoutMs` when the log does not take them; such a
   *   record may still have been written (the caller's request id makes it harmless).
   */
  append(records: readonly OutgoingRecord[]): Promise<readonly Appended[]>;

  /** Joins a consumer group. Resolves once joined; partitions come and go through the handler. */
  subscribe(options: SubscribeOptions): Promise<Subscription>;

  /**
   * Reads [from, to) of one partition outside any group; ends early when the log ends. `to` defaults to the end at the
   * call.
   */
  read(range: {
    readonly topic: string;
    readonly partition: number;
    readonly from: number;
    readonly to?: number;
  }): AsyncIterable<readonly LogRecord[]>;

  /** Identity and bounds of every partition of a topic: `start` first offset kept, `end` next offset to be written. */
  describe(topic: string): Promise<TopicDescription>;

  /** Creates what is missing, with explicit settings; never changes a topic that exists. Auto-creation is off. */
  createTopics(specs: readonly TopicSpec[]): Promise<void>;

  /** Removes records below `before` (rule 3). The records of one append may go together only when all are below. */
  prune(range: { readonly topic: string; readonly partition: number; readonly before: number }): Promise<void>;

  /** Whether an append would succeed now; rejects within 2 s with the reason. */
  check(): Promise<void>;

  /** Stops subscriptions and connections; appends under way settle first. */
  close(): Promise<void>;
}

export type RecordHeaders = Readonly<Record<string, string>>;

export type OutgoingRecord = {
  readonly topic: string;
  /** Chosen by us, never by the client library (rule 4). */
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  readonly headers?: RecordHeaders;
};
export type Appended = { readonly partition: number; readonly offset: number };

export type LogRecord = {
  readonly offset: number;
  /** The log's time (LogAppendTime), milliseconds since 1970. */
  readonly timeMs: number;
  readonly key: string;
  readonly value: string;
  readonly headers: RecordHeaders;
};

export type TopicSpec = {
  readonly topic: string;
  readonly partitions: number;
  /** 'forever': retention.ms=-1, removed by prune only. Otherwise days. */
  readonly retention: 'forever' | { readonly days: number };
};
export type TopicDescription = {
  /** Changes when the topic is deleted and made anew. */
  readonly topicId: string;
  readonly partitions: readonly { readonly partition: number; readonly start: number; readonly end: number }[];
};

export type SubscribeOptions = {
  readonly group: string;
  readonly topics: readonly string[];
  readonly handler: PartitionHandler;
  /** Records handed over at once at most. Default 2,000. */
  readonly batchMax?: number;
};

/** Calls for one partition never overlap; calls for different partitions may. */
export interface PartitionHandler {
  /**
   * The partition is ours now; answers the offset to start from, or 'committed' for the group's committed offset (0
   * when there is none). A rejection is retried with backoff while the partition stays ours.
   */
  assigned(partition: TopicPartition): Promise<number | 'committed'>;
  /**
   * The partition is about to be revoked: `revoked` follows once `records` has returned, so a handler that waits for a
   * dependency gives up.
   */
  leaving?(partition: TopicPartition): void;
  /** The partition is no longer ours: nothing more of it may be handled. Called also on stop. */
  revoked(partition: TopicPartition): Promise<void>;
  /**
   * Records in order, without gaps from the last position. Back-pressure: until the promise resolves, at most one
   * further batch of the partition is fetched. A rejection delivers the same records again after a backoff.
   */
  records(partition: TopicPartition, records: readonly LogRecord[]): Promise<void>;
  /**
   * The start position is not in the log (pruned, or the log lost its end): nothing is delivered until `seek` (rule 2).
   */
  outOfRange(partition: TopicPartition, bounds: { readonly start: number; readonly end: number }): Promise<void>;
}
export type TopicPartition = { readonly topic: string; readonly partition: number };

export interface Subscription {
  /** Delivers from `offset` next; batches fetched before are dropped. */
  seek(partition: TopicPartition, offset: number): void;
  /**
   * Keeps the group's committed offset (`nextOffset`: the next to read). For consumers that keep no position of their
   * own.
   */
  commit(partition: TopicPartition, nextOffset: number): Promise<void>;
  /**
   * Whether records appended now would be delivered: a member of the group that heard of it within the last seconds,
   * and, with `partition`, one that it owns and fetches from its position.
   */
  following(partition?: TopicPartition): boolean;
  /** Leaves the group once handlers under way have returned. */
  stop(): Promise<void>;
}
