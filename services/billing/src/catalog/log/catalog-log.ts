import { type CatalogItem, type LedgerRequest, topics, toWireRequest } from '@tollgate/contracts';
import type { EventLog } from '@tollgate/messaging';

import type { CatalogLog } from '../app/catalog-ports.ts';

/**
 * Broadcasts on `usage.events.v1`: one request in every partition, so that each has one order of usage and prices (rule
 * 19).
 */
export function catalogLog(eventLog: EventLog): CatalogLog {
  return {
    broadcast: async (item) => {
      const { partitions } = await eventLog.describe(topics.usageEvents);
      const request = requestOf(item);
      await eventLog.append(partitions.map(({ partition }) => toWireRequest(request, partition)));
    },
  };
}

/** Known by its id for ever: a second broadcast of the same version is a duplicate to the ledger. */
const requestOf = (item: CatalogItem): LedgerRequest<'catalog'> => ({
  v: 1,
  type: 'catalog',
  source: 'catalog',
  id: `${item.catalog}/${item.name}/${item.version}`,
  account: '',
  data: { item },
});
