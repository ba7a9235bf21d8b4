import type { Logger } from '@tollgate/service-kit';
import { startLoop } from '@tollgate/service-kit';

/** What runs beside requests. It is stopped, the latest first, once the last request has ended. */
export class Background {
  private readonly stops: (() => Promise<void> | void)[] = [];
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  onStop(stop: () => Promise<void> | void): void {
    this.stops.push(stop);
  }

  /** Runs `work` now and `ms` after each end. A failure is logged as one of `task`; the next run comes at its usual time. */
  every(ms: number, task: string, work: () => Promise<unknown>): void {
    const onFailure = (error: unknown): void => this.logger.warn({ err: error, task }, 'a periodic task failed');
    const round = async (): Promise<number> => {
      await work().catch(onFailure);
      return ms;
    };
    const loop = startLoop({ round, onFailure });
    this.onStop(() => loop.stop());
  }

  async stop(): Promise<void> {
    for (const stop of this.stops.splice(0).reverse()) await stop();
  }
}
