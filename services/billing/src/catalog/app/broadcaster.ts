import type { CatalogItem, LedgerQueries } from '@tollgate/contracts';
import type { Loop } from '@tollgate/service-kit';
import { startLoop } from '@tollgate/service-kit';

import type { CatalogLog, CatalogStore } from './catalog-ports.ts';

/** Rest while versions are being booked, and while none are: another instance may have left some behind. */
const busyMs = 30;
const idleMs = 5_000;

type Parts = {
  readonly store: CatalogStore;
  readonly log: CatalogLog;
  readonly ledger: Pick<LedgerQueries, 'catalog'>;
};

/**
 * Brings published versions to every partition of the ledger; runs until stopped and goes on after a crash where it
 * was.
 */
export const startBroadcaster = ({
  onFailure,
  ...parts
}: Parts & { readonly onFailure: (error: unknown) => void }): Loop =>
  startLoop({ round: () => round(parts), onFailure });

/** Appends what is outstanding, then looks who has booked what; answers how long to rest. */
async function round({ store, log, ledger }: Parts): Promise<number> {
  await store.appendOutstanding((item) => log.broadcast(item));
  const awaiting = await store.awaitingBooking();
  const catalogs = new Set(awaiting.map(({ catalog }) => catalog));
  let left = awaiting.length;
  for (const catalog of catalogs) {
    const booked = await ledger.catalog({ catalog });
    const isBooked = (item: CatalogItem): boolean =>
      booked.some(
        ({ name, version, partitions, of }) =>
          name === item.name && version === item.version && partitions >= of && of > 0,
      );
    for (const item of awaiting.filter((each) => each.catalog === catalog && isBooked(each))) {
      await store.markBooked(item);
      left--;
    }
  }
  return left > 0 ? busyMs : idleMs;
}
