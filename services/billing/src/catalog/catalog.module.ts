import { Module } from '@nestjs/common';
import type { BillingQueries, TokenCatalogQueries } from '@tollgate/contracts';
import { provided, token } from '@tollgate/service-kit';

import { CORE } from '../core/core.ts';
import { inBackground } from '../core/in-background.ts';
import { startBroadcaster } from './app/broadcaster.ts';
import type { CatalogStore, PlanAt, PlanOf } from './app/catalog-ports.ts';
import { makePlanAt, makePlanOf } from './app/plan-in-force.ts';
import { type AwaitBooked, makeAwaitBooked, makePublishCatalog } from './app/publish-catalog.ts';
import { makeResources } from './app/resources.ts';
import { catalogLog } from './log/catalog-log.ts';
import { catalogStore } from './postgres/catalog-store.ts';
import { resourceStore } from './postgres/resource-store.ts';

export const CATALOG = {
  store: token<CatalogStore>('catalog.store'),
  awaitBooked: token<AwaitBooked>('catalog.await-booked'),
  planAt: token<PlanAt>('catalog.plan-at'),
  planOf: token<PlanOf>('catalog.plan-of'),
  queries: token<TokenCatalogQueries & Pick<BillingQueries, 'publishCatalog' | 'listCatalog'>>('catalog.queries'),
} as const;

/** Rate cards, price plans and the resources of the token process, and how the ledger hears of them. */
@Module({
  providers: [
    provided(CATALOG.store, [CORE.pool], catalogStore),
    provided(CATALOG.awaitBooked, [CATALOG.store, CORE.work, CORE.options], (store, work, { publishWaitMs }) =>
      makeAwaitBooked({ store, wake: () => work.wake('catalog-broadcast'), waitMs: publishWaitMs ?? 10_000 }),
    ),
    provided(CATALOG.planAt, [CATALOG.store], makePlanAt),
    provided(CATALOG.planOf, [CATALOG.store], makePlanOf),
    provided(
      CATALOG.queries,
      [CORE.pool, CORE.clock, CATALOG.store, CATALOG.awaitBooked],
      (pool, clock, store, awaitBooked) => ({
        ...makeResources({ store: resourceStore(pool, clock), awaitBooked }),
        publishCatalog: makePublishCatalog({ store, clock, awaitBooked }),
        listCatalog: (query) => store.list(query),
      }),
    ),
    ...inBackground(
      'catalog-broadcast',
      [CATALOG.store, CORE.eventLog, CORE.ledger, CORE.logger],
      (store, eventLog, ledger, logger) => () =>
        startBroadcaster({
          store,
          ledger,
          log: catalogLog(eventLog),
          onFailure: (error) => logger.warn({ err: error }, 'the catalog could not be broadcast; it is tried again'),
        }),
    ),
  ],
  exports: Object.values(CATALOG),
})
export class CatalogModule {}
