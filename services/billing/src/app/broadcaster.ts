import { setTimeout as delay } from 'node:timers/promises';
import type { CatalogItem, LedgerQueries } from '@tollgate/contracts';
import type { CatalogLog, CatalogStore } from './ports.ts';

/** Brings published versions to every partition of the ledger; runs until stopped and goes on after a crash where it was. */
export type Broadcaster = {
  /** Something may be waiting. */
  wake(): void;
  stop(): Promise<void>;
};

/** While something is under way, and while nothing is (another instance may have left something). */
const busyMs = 30;
const idleMs = 5_000;
const failedMs = 1_000;

export function startBroadcaster(parts: {
  readonly store: CatalogStore;
  readonly log: CatalogLog;
  readonly ledger: Pick<LedgerQueries, 'catalog'>;
  readonly onFailure: (error: unknown) => void;
}): Broadcaster {
  const stopping = new AbortController();
  let sleep = new AbortController();
  let woken = false;

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = false;
      const pauseMs = await round(parts).catch((error: unknown) => {
        parts.onFailure(error);
        return failedMs;
      });
      if (woken || stopping.signal.aborted) continue;
      sleep = new AbortController();
      await delay(pauseMs, undefined, { signal: sleep.signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    wake: () => {
      woken = true;
      sleep.abort();
    },
    stop: async () => {
      stopping.abort();
      sleep.abort();
      await running;
    },
  };
}

/** Appends what is outstanding, then looks who has booked what; answers how long to rest. */
async function round({ store, log, ledger }: Parameters<typeof startBroadcaster>[0]): Promise<number> {
  await store.appendOutstanding((item) => log.broadcast(item));
  const awaiting = await store.awaitingBooking();
  const catalogs = new Set(awaiting.map(({ catalog }) => catalog));
  let left = awaiting.length;
  for (const catalog of catalogs) {
    const booked = await ledger.catalog({ catalog });
    const isBooked = (item: CatalogItem): boolean =>
      booked.some(({ name, version, partitions, of }) => name === item.name && version === item.version && partitions >= of && of > 0);
    for (const item of awaiting.filter((each) => each.catalog === catalog && isBooked(each))) {
      await store.markBooked(item);
      left--;
    }
  }
  return left > 0 ? busyMs : idleMs;
}
