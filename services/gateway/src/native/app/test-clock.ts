import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { freshId } from '../../ledger-client/app/requests.ts';

/** Port: the platform's clock in test mode, where time advances only on request (running.md §4). */
export interface TestClock {
  nowMs(): number;
  /** Advances the clock. Resolves when the new time is stored. */
  advanceMs(ms: number): Promise<void> | void;
}

/** Booking all timers of a year takes a while. */
const bookedWithinMs = 60_000;

/** Advances the clock. Resolves when every partition has booked what became due (rule 1). */
export async function advanceClock(clock: TestClock, ledgerClient: LedgerClient, seconds: number): Promise<number> {
  await clock.advanceMs(seconds * 1000);
  await ledgerClient.askEveryPartition(
    () => ({ v: 1, type: 'clock', source: 'http:clock', id: freshId(), account: '', data: {} }),
    bookedWithinMs,
  );
  return clock.nowMs();
}
