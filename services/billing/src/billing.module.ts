import 'reflect-metadata';

import { type DynamicModule, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { BillingQueries, LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import { createPool } from '@tollgate/persistence';
import type { Loop } from '@tollgate/service-kit';
import { type HealthReport, type Logger, partOf } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import { startBroadcaster } from './catalog/app/broadcaster.ts';
import { makePlanAt, makePlanOf } from './catalog/app/plan-in-force.ts';
import { makeAwaitBooked, makePublishCatalog } from './catalog/app/publish-catalog.ts';
import { makeResources } from './catalog/app/resources.ts';
import { catalogLog } from './catalog/log/catalog-log.ts';
import { catalogStore } from './catalog/postgres/catalog-store.ts';
import { resourceStore } from './catalog/postgres/resource-store.ts';
import { Charging } from './charges/app/charging.ts';
import { TierCrossingsConsumer } from './charges/consumers/tier-crossings.consumer.ts';
import { type RunningCharging, startCharging } from './charging-parts.ts';
import { closingQueries } from './finance/postgres/closing-store.ts';
import { type OutgoingOptions, type RunningOutgoing, startOutgoing } from './outgoing-parts.ts';
import type { FourEyes } from './refunds/domain/four-eyes.ts';
import type { StripeSettings } from './stripe/stripe-client.ts';

export type BillingOptions = {
  /** Of the role `tollgate_billing`, on a migrated database. */
  readonly databaseUrl: string;
  readonly eventLog: EventLog;
  readonly ledger: Pick<
    LedgerQueries,
    'catalog' | 'bookedAfter' | 'crossings' | 'usage' | 'account' | 'walletsBelow' | 'requestOutcomes'
  >;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stripe: StripeSettings;
  /** Default: one approval is enough for a refund of any sum. */
  readonly fourEyes?: FourEyes;
  readonly webhooks: OutgoingOptions;
  /** How long a publication waits for the partitions; default 10 s. */
  readonly publishWaitMs?: number;
};

const optionsToken = Symbol('BillingOptions');

/** Everything that lives as long as the service, joined once. */
@Injectable()
export class Billing implements OnApplicationShutdown {
  readonly queries: BillingQueries;
  readonly charging: Charging;
  readonly #charges: RunningCharging;
  readonly #pool: Pool;
  readonly #broadcaster: Loop;
  readonly #eventLog: EventLog;
  readonly #outgoing: RunningOutgoing;

  constructor(@Inject(optionsToken) options: BillingOptions) {
    const { logger, clock, eventLog, ledger } = options;
    this.#eventLog = eventLog;
    this.#pool = createPool({
      url: options.databaseUrl,
      max: 6,
      applicationName: 'tollgate-billing',
      onLostConnection: (error) => logger.warn({ reason: error.message }, 'a database connection was lost'),
    });
    const store = catalogStore(this.#pool);
    this.#broadcaster = startBroadcaster({
      store,
      ledger,
      log: catalogLog(eventLog),
      onFailure: (error) => logger.warn({ err: error }, 'the catalog could not be broadcast; it is tried again'),
    });
    const awaitBooked = makeAwaitBooked({
      store,
      wake: () => this.#broadcaster.wake(),
      waitMs: options.publishWaitMs ?? 10_000,
    });
    this.#charges = startCharging({
      databaseUrl: options.databaseUrl,
      pool: this.#pool,
      eventLog,
      clock,
      logger,
      stripe: options.stripe,
      planAt: makePlanAt(store),
      planOf: makePlanOf(store),
      ledger,
      fourEyes: options.fourEyes ?? new Map(),
    });
    this.charging = this.#charges.charging;
    this.#outgoing = startOutgoing({ ...options.webhooks, pool: this.#pool, ledger, logger });
    this.queries = {
      ...this.#charges.queries,
      ...this.#outgoing.queries,
      ...closingQueries(this.#pool, clock),
      ...makeResources({ store: resourceStore(this.#pool, clock), awaitBooked }),
      publishCatalog: makePublishCatalog({ store, clock, awaitBooked }),
      listCatalog: (query) => store.list(query),
    };
  }

  async health(): Promise<HealthReport> {
    const parts = await Promise.all([
      partOf('database', () => this.#pool.query('select 1')),
      partOf('log', () => this.#eventLog.check()),
    ]);
    return { ready: parts.every(({ up }) => up), parts };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.#broadcaster.stop(), this.#charges.stop(), this.#outgoing.stop()]);
    await this.#pool.end();
  }
}

@Module({})
export class BillingModule {
  static with(options: BillingOptions): DynamicModule {
    return {
      module: BillingModule,
      controllers: [TierCrossingsConsumer],
      providers: [
        { provide: optionsToken, useValue: options },
        Billing,
        { provide: Charging, useFactory: (billing: Billing) => billing.charging, inject: [Billing] },
      ],
    };
  }
}
