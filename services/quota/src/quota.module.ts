import 'reflect-metadata';

import { type DynamicModule, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { QuotaQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import { createPool, guardQueries } from '@tollgate/persistence';
import { type HealthReport, type Logger, type Loop, partOf } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import { limitLog } from './adapters/log/limit-log.ts';
import { limitStore } from './adapters/postgres/limit-store.ts';
import { type ProviderSettings, remoteProvider } from './adapters/remote-quota/remote-provider.ts';
import { Quotas } from './app/quotas.ts';
import { startRefresher } from './app/refresher.ts';

export type QuotaOptions = {
  /** Of the role `tollgate_quota`, on a migrated database. */
  readonly databaseUrl: string;
  /** Its topic `usage.events.v1` exists. Not closed by quota. */
  readonly eventLog: EventLog;
  /** The platform's time: cache, refresh and expiry follow it. */
  readonly clock: Clock;
  /** URL or key unset: every token has the default quota. */
  readonly provider: ProviderSettings;
  readonly logger: Logger;
};

const optionsToken = Symbol('QuotaOptions');
const partitionsToken = Symbol('partitions');
/** A query that PostgreSQL does not answer within this time ends in 503. */
const queryTimeoutMs = 5_000;

/** Lives as long as the service. */
@Injectable()
export class Quota implements OnApplicationShutdown {
  readonly queries: QuotaQueries;
  readonly #pool: Pool;
  readonly #eventLog: EventLog;
  readonly #refresher: Loop;

  constructor(@Inject(optionsToken) options: QuotaOptions, @Inject(partitionsToken) partitions: number) {
    const { databaseUrl, eventLog, clock, provider, logger } = options;
    this.#eventLog = eventLog;
    this.#pool = createPool({
      url: databaseUrl,
      max: 4,
      applicationName: 'tollgate-quota',
      queryTimeoutMs,
      onLostConnection: (error) => logger.warn({ reason: error.message }, 'a database connection was lost'),
    });
    const quotas = new Quotas({
      provider: remoteProvider(provider),
      store: limitStore(this.#pool, partitions),
      log: limitLog(eventLog, partitions),
      clock,
    });
    this.queries = guardQueries<QuotaQueries>('QUOTA_DATABASE_UNAVAILABLE', quotas);
    this.#refresher = startRefresher(quotas, (error) =>
      logger.warn({ err: error }, 'a quota could not be refreshed; it is tried again'),
    );
  }

  async health(): Promise<HealthReport> {
    const parts = await Promise.all([
      partOf('database', () => this.#pool.query('select from quota.limits limit 0')),
      partOf('log', () => this.#eventLog.check()),
    ]);
    return { ready: parts.every(({ up }) => up), parts };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#refresher.stop();
    await this.#pool.end();
  }
}

@Module({})
export class QuotaModule {
  static with(options: QuotaOptions, partitions: number): DynamicModule {
    return {
      module: QuotaModule,
      providers: [
        { provide: optionsToken, useValue: options },
        { provide: partitionsToken, useValue: partitions },
        Quota,
      ],
    };
  }
}
