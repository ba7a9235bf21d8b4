import 'reflect-metadata';
import { Inject, Injectable, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { createPool } from '@tollgate/persistence';
import { partOf, type HealthReport, type Logger } from '@tollgate/service-kit';
import type { Pool } from 'pg';

export type QuotaOptions = {
  /** Of the role `tollgate_quota`, on a migrated database. */
  readonly databaseUrl: string;
  readonly logger: Logger;
};

const optionsToken = Symbol('QuotaOptions');

/** The service's life: its connections and its health. It answers no queries yet. */
@Injectable()
export class Quota implements OnApplicationShutdown {
  readonly #pool: Pool;

  constructor(@Inject(optionsToken) { databaseUrl, logger }: QuotaOptions) {
    this.#pool = createPool({
      url: databaseUrl,
      max: 2,
      applicationName: 'tollgate-quota',
      onLostConnection: (error) => logger.warn({ err: error }, 'a database connection was lost'),
    });
  }

  async health(): Promise<HealthReport> {
    const database = await partOf('database', () => this.#pool.query('select from quota.limits limit 0'));
    return { ready: database.up, parts: [database] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#pool.end();
  }
}

@Module({})
export class QuotaModule {
  static with(options: QuotaOptions): DynamicModule {
    return { module: QuotaModule, providers: [{ provide: optionsToken, useValue: options }, Quota] };
  }
}
