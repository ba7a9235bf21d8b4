import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { freshId } from '../../ledger-client/app/requests.ts';

/** Port: the platform's clock where time stands until it is told to move (running.md §4). */
export interface TestClock {
  nowMs(): number;
  /** Moves forward; resolves once the new time is kept. */
  advanceMs(ms: number): Promise<void> | void;
}

/** Booking what a year of timers brings takes a while. */
const bookedWithinMs = 60_000;

/** Moves time on and answers once every partition has booked all that became due (rule 1). */
export async function advanceClock(clock: TestClock, ledgerClient: LedgerClient, seconds: number): Promise<number> {
  await clock.advanceMs(seconds * 1000);
  await ledgerClient.askEveryPartition(
    () => ({ v: 1, type: 'clock', source: 'http:clock', id: freshId(), account: '', data: {} }),
    bookedWithinMs,
  );
  return clock.nowMs();
}
