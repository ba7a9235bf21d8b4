import type { LedgerRequest } from '@tollgate/contracts';
import { toWireRequest } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import { type Loop, startPeriodic } from '@tollgate/service-kit';

import type { OwnedPartition } from './owned-partition.ts';

const tickEveryMs = 50;
/** A tick that was not booked within this time counts as lost; the next one is appended. */
const tickLostAfterMs = 10_000;

export type TickerOptions = {
  readonly partitions: () => Iterable<OwnedPartition>;
  readonly log: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  readonly warn: (message: string, details: object) => void;
};

/** Appends a tick to every owned partition in which a timer is due; at most one is outstanding (rule 16). */
export class Ticker {
  readonly #options: TickerOptions;
  readonly #loop: Loop;

  constructor(options: TickerOptions) {
    this.#options = options;
    this.#loop = startPeriodic({
      everyMs: tickEveryMs,
      work: () => this.#tick(),
      onFailure: (error) => options.warn('due timers were not looked for', { error: String(error) }),
    });
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const owned of this.#options.partitions()) {
      if (owned.phase !== 'owned' || !owned.state || owned.state.timers.nextDueMs() > nowMs) continue;
      if (owned.tickSentMs > 0 && performance.now() - owned.tickSentMs < tickLostAfterMs) continue;
      owned.tickSentMs = performance.now();
      this.#append(owned, `tick-${owned.state.position.epoch}-${owned.state.decidedOffset}`);
    }
  }

  #append(owned: OwnedPartition, id: string): void {
    const { log, warn } = this.#options;
    const { partition, topic } = owned.tp;
    const tick: LedgerRequest<'tick'> = { v: 1, type: 'tick', source: 'ledger', id, account: '', data: {} };
    log.append([{ ...toWireRequest(tick, partition), topic }]).catch((error: unknown) => {
      owned.tickSentMs = 0;
      warn('tick not appended', { partition, error: error instanceof AppError ? error.code : String(error) });
    });
  }
}
