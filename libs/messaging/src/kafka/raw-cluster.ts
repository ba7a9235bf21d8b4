import { createRequire } from 'node:module';

import { AppError, invariant } from '@tollgate/kernel';
import { OnFirstUse } from '@tollgate/service-kit';
import type { Kafka, KafkaMessage } from 'kafkajs';

import { within } from './client.ts';

/** The parts of kafkajs 2.2.4 (pinned) that it keeps to itself and that reading outside a group needs. */
type Cluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, readonly number[]>;
  findBroker(node: { nodeId: string }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
};
type Broker = {
  readonly connectionPool: { send(call: RawCall): Promise<Buffer> };
  fetch(
    request: object,
  ): Promise<{ responses: readonly { partitions: readonly { messages: readonly KafkaMessage[] }[] }[] }>;
};
type RawCall = {
  readonly request: {
    apiKey: number;
    apiVersion: number;
    apiName: string;
    encode: () => Promise<{ buffer: Buffer; size(): number }>;
  };
  readonly response: { decode: (raw: Buffer) => Promise<Buffer>; parse: (data: Buffer) => Promise<Buffer> };
};

const require = createRequire(import.meta.url);
type EncoderClass = new () => { writeBuffer(bytes: Buffer): { buffer: Buffer; size(): number } };

/** Time limit of a request; after it the connection is taken for lost and replaced. */
const askMaxMs = 4_000;
const disconnectMaxMs = 2_000;

/** Requests to brokers outside any consumer group, over connections with the client's TLS and SASL. */
export class RawCluster {
  readonly #make: () => Cluster;
  readonly #cluster = new OnFirstUse(
    () => this.#connect(),
    (cluster) => cluster.disconnect(),
  );

  constructor(kafka: Kafka) {
    const symbol = Object.getOwnPropertySymbols(kafka).find(
      ({ description }) => description === 'private:Kafka:createCluster',
    );
    invariant(symbol !== undefined, 'kafkajs is the pinned version');
    const create = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[symbol];
    invariant(create !== undefined, 'kafkajs makes clusters');
    this.#make = () =>
      create.call(kafka, { metadataMaxAge: 30_000, allowAutoTopicCreation: false, maxInFlightRequests: 8 });
  }

  /**
   * The id that the cluster gave the topic when it was made. kafkajs asks with versions of the request that have none.
   * @throws AppError('not_found', LOG_OUT_OF_RANGE) when there is no such topic.
   */
  async topicId(topic: string): Promise<string> {
    const answer = await this.#ask(async (cluster) => {
      const broker = await cluster.findControllerBroker();
      const Encoder = require('kafkajs/src/protocol/encoder') as EncoderClass;
      const encode = (): ReturnType<RawCall['request']['encode']> =>
        Promise.resolve(new Encoder().writeBuffer(metadataRequest(topic)));
      return broker.connectionPool.send({
        request: { apiKey: 3, apiVersion: 12, apiName: 'Metadata', encode },
        response: { decode: (raw) => Promise.resolve(raw), parse: (data) => Promise.resolve(data) },
      });
    });
    return topicIdIn(answer, topic);
  }

  /** One fetch from `offset`: what the broker has there now, possibly nothing. */
  async fetch(where: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
  }): Promise<readonly KafkaMessage[]> {
    const { topic, partition, offset } = where;
    return this.#ask(async (cluster) => {
      await cluster.addTargetTopic(topic);
      const nodeId = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))[0];
      if (nodeId === undefined) {
        await cluster.refreshMetadata();
        return [];
      }
      const broker = await cluster.findBroker({ nodeId });
      const { responses } = await broker.fetch({
        maxWaitTime: 250,
        minBytes: 1,
        maxBytes: 10_485_760,
        isolationLevel: 1,
        topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: 4_194_304 }] }],
      });
      return (responses[0]?.partitions[0]?.messages ?? []).filter((message) => Number(message.offset) >= offset);
    });
  }

  async close(): Promise<void> {
    await within(disconnectMaxMs, this.#cluster.close()).catch(() => undefined);
  }

  /** A failure replaces the connections, and with them what they knew of leaders, brokers and topics. */
  async #ask<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
    return this.#cluster.use(work, (result) => within(askMaxMs, result));
  }

  async #connect(): Promise<Cluster> {
    const cluster = this.#make();
    await cluster.connect();
    await cluster.refreshMetadata();
    return cluster;
  }
}

/** Metadata request, version 12, for one topic by name; its first byte ends the flexible request header. */
function metadataRequest(topic: string): Buffer {
  const name = Buffer.from(topic);
  return Buffer.concat([
    Buffer.from([0, 2]),
    Buffer.alloc(16),
    unsignedVarint(name.length + 1),
    name,
    Buffer.from([0, 0, 0, 0]),
  ]);
}

function unsignedVarint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

function topicIdIn(answer: Buffer, topic: string): string {
  let at = 1 + 4;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = answer.readUInt8(at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const skipText = (): void => {
    const bytes = varint() - 1;
    at += Math.max(0, bytes);
  };
  for (let brokers = varint() - 1; brokers > 0; brokers--) {
    at += 4;
    skipText();
    at += 4;
    skipText();
    varint();
  }
  skipText();
  at += 4;
  invariant(varint() === 2, 'the broker answers for the one topic');
  const errorCode = answer.readInt16BE(at);
  at += 2;
  skipText();
  if (errorCode !== 0) throw unknownTopic(topic);
  return answer.toString('hex', at, at + 16);
}

export const unknownTopic = (topic: string): AppError =>
  new AppError('not_found', 'LOG_OUT_OF_RANGE', `the log has no topic ${topic}`);
