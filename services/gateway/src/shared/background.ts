import type { Logger } from '@tollgate/service-kit';
import { startPeriodic } from '@tollgate/service-kit';

/** Background work. It is stopped in reverse order after the last request has ended. */
export class Background {
  readonly #stops: (() => Promise<void> | void)[] = [];
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  onStop(stop: () => Promise<void> | void): void {
    this.#stops.push(stop);
  }

  /** Runs `work` every `everyMs` until the stop. A failure is logged with the name of the task. */
  every(everyMs: number, task: string, work: () => Promise<unknown>): void {
    const onFailure = (error: unknown): void => this.#logger.warn({ err: error, task }, 'a periodic task failed');
    const loop = startPeriodic({ everyMs, work: async () => void (await work()), onFailure });
    this.onStop(() => loop.stop());
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}
