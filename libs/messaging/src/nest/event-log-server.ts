import type { CustomTransportStrategy } from '@nestjs/microservices';
import { Server } from '@nestjs/microservices';
import { AppError } from '@tollgate/kernel';
import { isObservable, lastValueFrom } from 'rxjs';

import type { EventLog, LogRecord, PartitionHandler, Subscription, TopicPartition } from '../event-log.ts';
import type { ConsumerRunnerOptions } from './consumer-runner.ts';
import { ConsumerRunner } from './consumer-runner.ts';
import { RecordContext } from './record-context.ts';

export type EventLogServerOptions = {
  readonly log: EventLog;
  readonly group: string;
  readonly topics: readonly string[];
  /** Takes the partitions over as they are (the ledger); no `@EventPattern` handler is called then. */
  readonly partitionHandler?: PartitionHandler;
  readonly batchMax?: number;
  readonly onFailure?: ConsumerRunnerOptions['onFailure'];
  /**
   * Called for a committed position outside the log, and for failed commits of a position, which the next commit
   * replaces.
   */
  readonly onTrouble?: (message: string, error: unknown) => void;
};

/**
 * Nest's transport on the event log: `@EventPattern(topic)` handlers get one record after the other of a partition,
 * with a `RecordContext`; the group's offset is committed behind them. Each record goes through a `ConsumerRunner` here
 * too, so a handler that does not use one cannot block its partition.
 */
export class EventLogServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol.for('tollgate.event-log');
  override readonly propagatesEventHandlerErrors = true;
  readonly #options: EventLogServerOptions;
  readonly #runner: ConsumerRunner;
  readonly #lost = new Map<string, AbortController>();
  #current: Subscription | undefined;
  #subscription: Promise<Subscription> | undefined;

  constructor(options: EventLogServerOptions) {
    super();
    this.#options = options;
    const { log, group, onFailure } = options;
    this.#runner = new ConsumerRunner({ log, group, ...(onFailure === undefined ? {} : { onFailure }) });
  }

  /**
   * @throws AppError('bug') through the callback when a subscribed topic has no handler: its records would be lost
   * silently.
   */
  async listen(done: (error?: unknown) => void): Promise<void> {
    const { log, group, topics, partitionHandler, batchMax } = this.#options;
    try {
      if (partitionHandler === undefined) {
        const orphans = topics.filter((topic) => this.getHandlerByPattern(topic) === null);
        if (orphans.length > 0)
          throw new AppError('bug', 'INVARIANT_BROKEN', `no handler for ${orphans.join(', ')} in group ${group}`);
        await this.#runner.prepare(topics);
      }
      const handler = partitionHandler ?? this.#ownHandler();
      this.#subscription = log.subscribe({ group, topics, handler, ...(batchMax === undefined ? {} : { batchMax }) });
      this.#current = await this.#subscription;
      done();
    } catch (error) {
      done(error);
    }
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.stop();
  }

  on(): never {
    throw new AppError('bug', 'INVARIANT_BROKEN', 'the event log server has no events');
  }

  /** The subscription, for `seek`. */
  unwrap<T>(): T {
    return this.#current as T;
  }

  #ownHandler(): PartitionHandler {
    return {
      assigned: (where) => {
        this.#lost.set(keyOf(where), new AbortController());
        return Promise.resolve('committed');
      },
      leaving: (where) => this.#lost.get(keyOf(where))?.abort(),
      revoked: (where) => {
        this.#lost.delete(keyOf(where));
        return Promise.resolve();
      },
      records: (where, records) => this.#handle(where, records),
      // No automatic jump (rule 2): nothing is delivered until an operator seeks.
      outOfRange: (where, bounds) => {
        const name = `${this.#options.group} on ${keyOf(where)}`;
        this.#options.onTrouble?.(
          `the committed position of ${name} is not in the log (${bounds.start} to ${bounds.end}); it halts`,
          undefined,
        );
        return Promise.resolve();
      },
    };
  }

  async #handle(where: TopicPartition, records: readonly LogRecord[]): Promise<void> {
    const signal = (this.#lost.get(keyOf(where)) ?? new AbortController()).signal;
    let next: number | undefined;
    try {
      for (const record of records) {
        const ctx = new RecordContext([where, record, signal]);
        await this.#runner.run(ctx, () => this.#dispatch(ctx));
        next = record.offset + 1;
      }
    } finally {
      if (next !== undefined) await this.#commit(where, next);
    }
  }

  async #commit(where: TopicPartition, next: number): Promise<void> {
    try {
      await (await this.#subscription)?.commit(where, next);
    } catch (error) {
      this.#options.onTrouble?.(`the offset of ${this.#options.group} on ${keyOf(where)} was not committed`, error);
    }
  }

  async #dispatch(ctx: RecordContext): Promise<void> {
    const handler = this.getHandlerByPattern(ctx.where.topic);
    if (handler === null) throw new AppError('bug', 'INVARIANT_BROKEN', `no handler for ${ctx.where.topic}`);
    const result: unknown = await handler(ctx.record.value, ctx);
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
