import { doublingMs } from '@tollgate/kernel';

import type { LogRecord, PartitionHandler, TopicPartition } from './event-log.ts';

/** Where a worker takes the records of one partition from. */
export interface RecordSource {
  /** The group's committed offset, 0 when there is none. */
  committed(): Promise<number>;
  /** Delivers from here next; what was fetched before is dropped. */
  from(offset: number): void;
  /**
   * The records that follow `position`, at most `max`: empty when there are none yet (the source calls `wake` when
   * there are), or the bounds of the log when the position lies outside them.
   */
  take(position: number, max: number): Promise<Taken> | Taken;
  /** The worker needs the source no more. */
  end(): void;
}
export type Bounds = { readonly start: number; readonly end: number };
export type Taken = readonly LogRecord[] | { readonly outside: Bounds };

const isOutside = (taken: Taken): taken is { readonly outside: Bounds } => !Array.isArray(taken);

export type WorkerOptions = {
  readonly handler: PartitionHandler;
  readonly batchMax: number;
  /** Called for every failure that is retried. */
  readonly onFailure: (where: TopicPartition & { readonly step: string }, error: unknown) => void;
};

/** Back-off: long enough not to load a dependency that is down, short enough to go on soon after it is back. */
const retryWaits = { firstMs: 50, maxMs: 2_000 };

/**
 * Drives one handler over one partition from `assigned` to `revoked`: one batch at a time, the same batch again after a
 * rejection, nothing while the position is out of range (rule 2). Both adapters use it, so they behave alike.
 */
export class PartitionWorker {
  readonly #where: TopicPartition;
  readonly #source: RecordSource;
  readonly #options: WorkerOptions;
  #position: number | undefined;
  /** Counts seeks: a batch handled before one does not move the position after it. */
  #seeks = 0;
  #stopping = false;
  #woken = false;
  #wakeUp: (() => void) | undefined;
  readonly #done: Promise<void>;

  constructor(where: TopicPartition, source: (wake: () => void) => RecordSource, options: WorkerOptions) {
    this.#where = where;
    this.#options = options;
    this.#source = source(() => this.wake());
    this.#done = this.#run();
  }

  /** Something changed: records, a seek or the end. */
  wake(): void {
    this.#woken = true;
    this.#wakeUp?.();
  }

  seek(offset: number): void {
    this.#seeks++;
    this.#position = offset;
    this.#source.from(offset);
    this.wake();
  }

  /** Resolves when the handler has returned and was told that the partition is gone. */
  async stop(): Promise<void> {
    if (!this.#stopping) this.#options.handler.leaving?.(this.#where);
    this.#stopping = true;
    this.wake();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { handler } = this.#options;
    await this.#untilDone('assigned', async () => {
      const seeks = this.#seeks;
      const start = await handler.assigned(this.#where);
      const offset = start === 'committed' ? await this.#source.committed() : start;
      if (this.#seeks === seeks && !this.#stopping) {
        this.#position = offset;
        this.#source.from(offset);
      }
    });
    while (!this.#stopping) await this.#step();
    this.#source.end();
    await handler
      .revoked(this.#where)
      .catch((error: unknown) => this.#options.onFailure({ ...this.#where, step: 'revoked' }, error));
  }

  async #step(): Promise<void> {
    const seeks = this.#seeks;
    this.#woken = false;
    await this.#untilDone('records', async () => {
      const position = this.#position;
      if (position === undefined || this.#seeks !== seeks) return;
      const taken = await this.#source.take(position, this.#options.batchMax);
      if (this.#seeks !== seeks || this.#stopping) return;
      if (isOutside(taken)) {
        await this.#options.handler.outOfRange(this.#where, taken.outside);
        if (this.#seeks === seeks) this.#position = undefined;
      } else if (taken.length > 0) {
        await this.#options.handler.records(this.#where, taken);
        if (this.#seeks === seeks) this.#position = position + taken.length;
        this.#woken = true;
      }
    });
    if (!this.#woken && !this.#stopping) await this.#sleep();
  }

  /** Repeats `work` until it resolves, the partition is lost, or a seek makes it obsolete. */
  async #untilDone(step: string, work: () => Promise<void>): Promise<void> {
    for (let failures = 0; !this.#stopping; failures++) {
      try {
        return await work();
      } catch (error) {
        this.#options.onFailure({ ...this.#where, step }, error);
      }
      const seeks = this.#seeks;
      const waitMs = doublingMs(retryWaits, failures);
      const until = performance.now() + waitMs;
      for (let left = waitMs; left > 0 && !this.#stopping && this.#seeks === seeks; left = until - performance.now()) {
        this.#woken = false;
        await this.#sleep(left);
      }
    }
  }

  async #sleep(timeoutMs?: number): Promise<void> {
    if (this.#woken) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
      if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
    this.#wakeUp = undefined;
  }
}
