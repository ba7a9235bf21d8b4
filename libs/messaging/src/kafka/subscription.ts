import { doublingMs } from '@tollgate/kernel';
import { rest } from '@tollgate/service-kit';
import type { Admin, Consumer, ConsumerCrashEvent, ConsumerGroupJoinEvent, EachBatchPayload, Kafka } from 'kafkajs';

import type { SubscribeOptions, Subscription, TopicPartition } from '../event-log.ts';
import type { Bounds, RecordSource } from '../partition-worker.ts';
import { PartitionWorker } from '../partition-worker.ts';
import type { OnTrouble } from './client.ts';
import { asUnavailable, refusesSession, within } from './client.ts';
import { Feed } from './feed.ts';

export type SubscriptionPorts = {
  readonly kafka: Kafka;
  readonly ask: <T>(work: (admin: Admin) => Promise<T>) => Promise<T>;
  readonly bounds: (where: TopicPartition) => Promise<Bounds>;
  readonly onTrouble: OnTrouble;
  /** Default 12,000. */
  readonly silentMaxMs?: number | undefined;
};

const batchMaxDefault = 2_000;
const restartWaits = { firstMs: 50, maxMs: 500 };
const connectMaxMs = 3_000;
const disconnectMaxMs = 2_000;
/**
 * How long the group waits for a member that is gone before it gives its partitions to another, or to the same one come
 * back. Brokers take less than 6 s only with `group.min.session.timeout.ms`; those that refuse are asked for their
 * default.
 */
const sessionMs = { short: 2_500, usual: 6_000 } as const;
/** Members hear of a rebalance by their next heartbeat, so this adds to each. */
const heartbeatMs = 500;
const rebalanceMs = 6_000;
const commitTimeoutMs = 10_000;
/**
 * A member without a fetch, a heartbeat or a join for this time is replaced, whatever state the client library reports.
 * Longer than a rebalance may take (the session of one that is gone, within the rebalance).
 */
const silentMaxDefaultMs = 12_000;
const watchEveryMs = 500;
/**
 * A healthy member fetches four times a second and sends a heartbeat once; without either for this time it does not
 * count as following.
 */
const followingMaxMs = 3_000;

type Owned = { readonly worker: PartitionWorker; readonly feed: Feed };

/** One member of a Kafka consumer group. It never stops for good: a consumer that crashed is replaced by a new one. */
export class KafkaSubscription implements Subscription {
  readonly #ports: SubscriptionPorts;
  readonly #options: SubscribeOptions;
  readonly #owned = new Map<string, Owned>();
  /** Partitions whose last worker is still ending: a new one waits for it. */
  readonly #ending = new Map<string, Promise<void>>();
  #consumer: Consumer | undefined;
  #assigned = new Set<string>();
  #memberId: string | undefined;
  /** Between a join and whatever ends it. */
  #member = false;
  #stopping = false;
  #starting: Promise<void> = Promise.resolve();
  #aliveAt = performance.now();
  #beatAt = -Infinity;
  #fetchedAt = -Infinity;
  /** Number of the newest call of `start`; an older one that still waits gives up. */
  #turn = 0;
  #session: keyof typeof sessionMs = 'short';
  readonly #watch: NodeJS.Timeout;
  readonly #joined: { readonly promise: Promise<void>; readonly resolve: () => void };

  constructor(ports: SubscriptionPorts, options: SubscribeOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#joined = Promise.withResolvers<void>();
    this.#starting = this.#start();
    this.#watch = setInterval(() => this.#replaceSilent(), watchEveryMs);
  }

  /** Resolves once joined. */
  ready(): Promise<void> {
    return this.#joined.promise;
  }

  following(where?: TopicPartition): boolean {
    const since = performance.now() - followingMaxMs;
    if (!this.#member || this.#beatAt < since) return false;
    if (where === undefined) return true;
    const state = this.#assigned.has(keyOf(where)) ? this.#owned.get(keyOf(where))?.feed.state : undefined;
    // A heartbeat shows that we are a member of the group, a fetch that the partition's broker serves records. After an
    // outage either may come long before the other.
    return state === 'full' || (state === 'fetches' && this.#fetchedAt > since);
  }

  seek(where: TopicPartition, offset: number): void {
    this.#owned.get(keyOf(where))?.worker.seek(offset);
  }

  async commit(where: TopicPartition, nextOffset: number): Promise<void> {
    const consumer = this.#consumer;
    if (consumer === undefined) throw asUnavailable(new Error('the consumer is not connected'));
    await within(commitTimeoutMs, consumer.commitOffsets([{ ...where, offset: String(nextOffset) }]));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watch);
    this.#disown();
    await Promise.all(this.#ending.values());
    await this.#starting;
    if (this.#consumer !== undefined) await discard(this.#consumer);
    this.#joined.resolve();
  }

  /** Connects and joins, until it succeeds. */
  async #start(): Promise<void> {
    const turn = ++this.#turn;
    for (let failures = 0; !this.#stopping && turn === this.#turn; failures++) {
      const consumer = this.#makeConsumer();
      try {
        await within(connectMaxMs, consumer.connect());
        await within(connectMaxMs, consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true }));
        if (turn !== this.#turn) return await discard(consumer);
        this.#consumer = consumer;
        this.#aliveAt = performance.now();
        // Joining takes as long as a rebalance; one that never ends is noticed by the silence.
        await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (batch) => this.#take(batch) });
        return;
      } catch (error) {
        this.#ports.onTrouble(`group ${this.#options.group} cannot join yet`, error);
        await discard(consumer);
      }
      await rest(doublingMs(restartWaits, failures));
    }
  }

  #makeConsumer(): Consumer {
    const consumer = this.#ports.kafka.consumer({
      groupId: this.#options.group,
      allowAutoTopicCreation: false,
      // Longer only saves a little CPU at rest, shorter burns it; delivery does not wait for it.
      maxWaitTimeInMs: 250,
      minBytes: 1,
      sessionTimeout: sessionMs[this.#session],
      rebalanceTimeout: rebalanceMs,
      heartbeatInterval: heartbeatMs,
      // A crashed consumer is replaced by us: kafkajs waits for connections that are gone before it restarts one.
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 5, restartOnFailure: () => Promise.resolve(false) },
    });
    consumer.on(consumer.events.GROUP_JOIN, (event) => this.#onJoin(consumer, event));
    const alive = (): void => void (this.#consumer === consumer && (this.#aliveAt = performance.now()));
    for (const event of [consumer.events.HEARTBEAT, consumer.events.FETCH, consumer.events.GROUP_JOIN] as const)
      consumer.on(event, alive);
    const beat = (): void => void (this.#consumer === consumer && (this.#beatAt = performance.now()));
    for (const event of [consumer.events.HEARTBEAT, consumer.events.GROUP_JOIN] as const) consumer.on(event, beat);
    consumer.on(
      consumer.events.FETCH,
      () => void (this.#consumer === consumer && (this.#fetchedAt = performance.now())),
    );
    consumer.on(consumer.events.CRASH, (event) => this.#onCrash(consumer, event));
    const left = (): void => void (this.#consumer === consumer && (this.#member = false));
    for (const event of [consumer.events.CRASH, consumer.events.STOP, consumer.events.REBALANCING] as const)
      consumer.on(event, left);
    return consumer;
  }

  #onJoin(consumer: Consumer, { payload }: ConsumerGroupJoinEvent): void {
    // A replaced consumer that joins the group after all must own no partition.
    if (this.#stopping || this.#consumer !== consumer) return void discard(consumer);
    this.#member = true;
    // Another member id: the group had removed us, and others may have owned our partitions since (rule 5).
    if (this.#memberId !== payload.memberId) this.#disown();
    this.#memberId = payload.memberId;
    const assignment: Record<string, readonly number[]> = payload.memberAssignment;
    this.#assigned = new Set(
      Object.entries(assignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => keyOf({ topic, partition })),
      ),
    );
    const before = [...this.#owned.values()];
    this.#reconcile();
    for (const { feed } of before) if (this.#owned.get(keyOf(feed.where))?.feed === feed) feed.rejoined();
    this.#joined.resolve();
  }

  /** Replaces the consumer, whatever the reason. */
  #onCrash(consumer: Consumer, { payload }: ConsumerCrashEvent): void {
    if (this.#session === 'short' && refusesSession(payload.error)) this.#session = 'usual';
    this.#ports.onTrouble(`the consumer of group ${this.#options.group} crashed`, payload.error);
    if (this.#stopping || this.#consumer !== consumer) return;
    this.#replace(consumer);
  }

  #replace(consumer: Consumer): void {
    this.#consumer = undefined;
    this.#member = false;
    this.#starting = discard(consumer).then(() => this.#start());
  }

  /** After some outages kafkajs waits for ever; a new consumer reconnects. */
  #replaceSilent(): void {
    const consumer = this.#consumer;
    const { silentMaxMs = silentMaxDefaultMs } = this.#ports;
    if (this.#stopping || consumer === undefined || performance.now() - this.#aliveAt < silentMaxMs) return;
    this.#aliveAt = performance.now();
    this.#ports.onTrouble(
      `the consumer of group ${this.#options.group} was silent for ${silentMaxMs} ms and is replaced`,
      new Error('silent'),
    );
    this.#replace(consumer);
  }

  /** Revokes every partition; those that are still ours are assigned anew. */
  #disown(): void {
    this.#assigned = new Set();
    this.#reconcile();
  }

  /**
   * Ends workers of partitions that are no longer ours and starts those of new ones, paused until they know their
   * start.
   */
  #reconcile(): void {
    for (const [key, { worker }] of this.#owned) {
      if (this.#assigned.has(key)) continue;
      this.#owned.delete(key);
      this.#ending.set(
        key,
        worker.stop().then(() => {
          this.#ending.delete(key);
          this.#reconcile();
        }),
      );
    }
    for (const key of this.#assigned) {
      if (this.#owned.has(key) || this.#ending.has(key)) continue;
      this.#own(key);
    }
    for (const key of this.#assigned) if (!this.#owned.has(key)) this.#control('pause', whereOf(key));
  }

  #own(key: string): void {
    const where = whereOf(key);
    const { handler, batchMax = batchMaxDefault, group } = this.#options;
    let feed: Feed | undefined;
    const source = (wake: () => void): RecordSource =>
      (feed = new Feed(
        where,
        batchMax * 2,
        {
          committed: () => this.#committed(where),
          bounds: () => this.#ports.bounds(where),
          seek: ({ topic, partition }, offset) => this.#consumer?.seek({ topic, partition, offset: String(offset) }),
          pause: () => this.#control('pause', where),
          resume: () => this.#control('resume', where),
        },
        wake,
      ));
    this.#control('pause', where);
    const worker = new PartitionWorker(where, source, {
      handler,
      batchMax,
      onFailure: ({ step }, error) =>
        this.#ports.onTrouble(`partition ${key} of group ${group}: ${step} failed`, error),
    });
    if (feed !== undefined) this.#owned.set(key, { worker, feed });
  }

  #control(what: 'pause' | 'resume', { topic, partition }: TopicPartition): void {
    try {
      this.#consumer?.[what]([{ topic, partitions: [partition] }]);
    } catch {
      // Between two consumers there is nothing to pause; the next join pauses again.
    }
  }

  #take({ batch, resolveOffset, isStale }: EachBatchPayload): Promise<void> {
    const owned = this.#owned.get(keyOf(batch));
    if (owned !== undefined && !isStale() && owned.feed.push(batch.messages)) resolveOffset(batch.lastOffset());
    return Promise.resolve();
  }

  async #committed({ topic, partition }: TopicPartition): Promise<number> {
    const [found] = await this.#ports.ask((admin) =>
      admin.fetchOffsets({ groupId: this.#options.group, topics: [topic] }),
    );
    const offset = Number(found?.partitions.find((one) => one.partition === partition)?.offset ?? -1);
    return Math.max(0, offset);
  }
}

/** Within a time limit, because kafkajs waits for answers on lost connections. */
const discard = (consumer: Consumer): Promise<void> =>
  within(disconnectMaxMs, consumer.disconnect()).catch(() => undefined);

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
const whereOf = (key: string): TopicPartition => {
  const slash = key.lastIndexOf('/');
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) };
};
