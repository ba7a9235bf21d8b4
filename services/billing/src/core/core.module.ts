import { randomInt } from 'node:crypto';

import {
  type DynamicModule,
  Global,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { AppError } from '@tollgate/kernel';
import { createPool, openEntities } from '@tollgate/persistence';
import { BackgroundWork, type Logger, OnFirstUse, provided } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import { entities } from '../postgres/entities.ts';
import { stripeClient } from '../stripe/stripe-client.ts';
import { type BillingOptions, type BillingWork, chargesAtOnce, CORE, type Report } from './core.ts';

const reportTo =
  (logger: Logger): Report =>
  (what) =>
  (error) =>
    logger[error instanceof AppError && error.kind === 'unavailable' ? 'warn' : 'error']({ err: error }, what);

const poolOf = ({ databaseUrl, logger }: BillingOptions, max: number, applicationName: string): Pool =>
  createPool({
    url: databaseUrl,
    max,
    applicationName,
    onLostConnection: (error) => logger.warn({ reason: error.message }, 'a database connection was lost'),
  });

/** Starts the background work once all modules are ready, and stops it before its connections are closed. */
@Injectable()
class Lifetime implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #work: BackgroundWork<BillingWork>;
  readonly #pools: readonly Pool[];

  constructor(
    @Inject(CORE.work) work: BackgroundWork<BillingWork>,
    @Inject(CORE.lockPool) lockPool: Pool,
    @Inject(CORE.pool) pool: Pool,
  ) {
    this.#work = work;
    this.#pools = [lockPool, pool];
  }

  onApplicationBootstrap(): void {
    this.#work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#work.stop();
    for (const pool of this.#pools) await pool.end();
  }
}

const providers = [
  provided(CORE.pool, [CORE.options], (options) => poolOf(options, 6, 'tollgate-billing')),
  provided(CORE.lockPool, [CORE.options], (options) => poolOf(options, chargesAtOnce + 2, 'tollgate-billing-charges')),
  provided(CORE.entities, [CORE.pool], (pool) => {
    const opened = new OnFirstUse(() => openEntities(pool, entities));
    return () => opened.get();
  }),
  provided(CORE.eventLog, [CORE.options], ({ eventLog }) => eventLog),
  provided(CORE.ledger, [CORE.options], ({ ledger }) => ledger),
  provided(CORE.clock, [CORE.options], ({ clock }) => clock),
  provided(CORE.logger, [CORE.options], ({ logger }) => logger),
  provided(CORE.stripe, [CORE.options], ({ stripe }) => stripeClient(stripe)),
  provided(CORE.jitter, [], () => () => randomInt(1_000) / 1_000),
  provided(CORE.report, [CORE.logger], reportTo),
  provided(CORE.work, [], () => new BackgroundWork<BillingWork>()),
];

@Global()
@Module({})
export class CoreModule {
  static with(options: BillingOptions): DynamicModule {
    return {
      module: CoreModule,
      providers: [{ provide: CORE.options, useValue: options }, ...providers, Lifetime],
      exports: Object.values(CORE),
    };
  }
}
