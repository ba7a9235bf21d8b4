import type { SubscribeOptions, Subscription, TopicPartition } from '../event-log.ts';
import type { RecordSource, WorkerOptions } from '../partition-worker.ts';
import { PartitionWorker } from '../partition-worker.ts';

export type GroupPorts = {
  readonly partitionsOf: (topic: string) => number;
  readonly source: (group: string, where: TopicPartition, wake: () => void) => RecordSource;
  readonly commit: (group: string, where: TopicPartition, nextOffset: number) => Promise<void>;
  readonly onFailure: WorkerOptions['onFailure'];
};

const batchMaxDefault = 2_000;

type Member = { readonly options: SubscribeOptions };
type Owned = { readonly member: Member; readonly worker: PartitionWorker };

/** One consumer group of this process: its subscriptions share the partitions of their topics. */
export class Group {
  readonly #name: string;
  readonly #ports: GroupPorts;
  readonly #members = new Set<Member>();
  readonly #owned = new Map<string, Owned>();
  #rebalancing: Promise<void> = Promise.resolve();

  constructor(name: string, ports: GroupPorts) {
    this.#name = name;
    this.#ports = ports;
  }

  async join(options: SubscribeOptions): Promise<Subscription> {
    const member: Member = { options };
    this.#members.add(member);
    await this.#rebalance();
    return {
      seek: (where, offset) => {
        const owned = this.#owned.get(keyOf(where));
        if (owned?.member === member) owned.worker.seek(offset);
      },
      commit: (where, nextOffset) => this.#ports.commit(this.#name, where, nextOffset),
      following: (where) =>
        this.#members.has(member) && (where === undefined || this.#owned.get(keyOf(where))?.member === member),
      stop: async () => {
        this.#members.delete(member);
        await this.#rebalance();
      },
    };
  }

  async stop(): Promise<void> {
    this.#members.clear();
    await this.#rebalance();
  }

  /** One at a time: a partition is revoked at its old owner before it is assigned to the next. */
  #rebalance(): Promise<void> {
    this.#rebalancing = this.#rebalancing.then(async () => {
      const target = this.#assignment();
      const leaving = [...this.#owned].filter(([key, { member }]) => target.get(key)?.member !== member);
      await Promise.all(
        leaving.map(async ([key, { worker }]) => {
          await worker.stop();
          this.#owned.delete(key);
        }),
      );
      for (const [key, { member, where }] of target) {
        if (this.#owned.has(key)) continue;
        const { handler, batchMax = batchMaxDefault } = member.options;
        const source = (wake: () => void): RecordSource => this.#ports.source(this.#name, where, wake);
        this.#owned.set(key, {
          member,
          worker: new PartitionWorker(where, source, { handler, batchMax, onFailure: this.#ports.onFailure }),
        });
      }
    });
    return this.#rebalancing;
  }

  /**
   * Shares the partitions of every topic among its subscribers, as evenly as possible; an owner keeps its partition
   * where that fits.
   */
  #assignment(): Map<string, { readonly member: Member; readonly where: TopicPartition }> {
    const target = new Map<string, { readonly member: Member; readonly where: TopicPartition }>();
    const topics = new Set([...this.#members].flatMap(({ options }) => options.topics));
    for (const topic of topics) {
      const count = this.#ports.partitionsOf(topic);
      const takers = [...this.#members].filter(({ options }) => options.topics.includes(topic));
      const all = Array.from({ length: count }, (_, partition) => ({ topic, partition }));
      const room = new Map(
        takers.map((member, index) => [
          member,
          Math.floor(count / takers.length) + (index < count % takers.length ? 1 : 0),
        ]),
      );
      const place = (where: TopicPartition, member: Member): void => {
        room.set(member, (room.get(member) ?? 0) - 1);
        target.set(keyOf(where), { member, where });
      };
      for (const where of all) {
        const owner = this.#owned.get(keyOf(where))?.member;
        if (owner !== undefined && (room.get(owner) ?? 0) > 0) place(where, owner);
      }
      for (const where of all.filter((one) => !target.has(keyOf(one)))) {
        const taker = takers.find((member) => (room.get(member) ?? 0) > 0);
        if (taker !== undefined) place(where, taker);
      }
    }
    return target;
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
