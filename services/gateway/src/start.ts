import { topics } from '@tollgate/contracts';
import { createPool, openEntities } from '@tollgate/persistence';
import type { HealthReport } from '@tollgate/service-kit';
import { createMetrics } from '@tollgate/service-kit';

import type { Foundation } from './foundation.ts';
import { GatewayModule } from './gateway.module.ts';
import { startHttp } from './http-kit/server.ts';
import { LedgerClient } from './ledger-client/app/ledger-client.ts';
import { readinessOf } from './operations/app/readiness.ts';
import type { GatewayOptions } from './options.ts';
import { entities } from './postgres/entities.ts';
import { Background } from './shared/background.ts';

export type RunningGateway = {
  readonly address: { readonly host: string; readonly port: number; readonly url: string };
  /** Every route that answers, as `POST /v1/accounts/:id/spend`. */
  readonly routes: readonly string[];
  health(): Promise<HealthReport>;
  /** Ends requests in flight, then closes what the gateway opened. */
  stop(): Promise<void>;
};

const poolMax = 8;
/** A query that PostgreSQL does not answer within this time ends in 503. */
const queryTimeoutMs = 5_000;

/** Starts the gateway in this process; resolves once it takes requests. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const background = new Background(options.logger);
  try {
    const foundation = await lay(options, background);
    const { config, logger, metrics, ledgerClient, readiness: health } = foundation;
    const http = await startHttp({
      module: GatewayModule.with(foundation),
      host: config.host,
      port: config.port,
      trustedProxies: config.trustedProxies,
      connectionLimits: config.connectionLimits,
      logger,
      metrics,
      waiting: () => ledgerClient.waiting,
    });
    const { host, port, routes } = http;
    const stop = async (): Promise<void> => {
      await http.close();
      await background.stop();
    };
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    return { address: { host, port, url }, routes, health, stop };
  } catch (error) {
    await background.stop();
    throw error;
  }
}

/** Opens what all surfaces share. `background` closes it after everything that uses it. */
async function lay(options: GatewayOptions, background: Background): Promise<Foundation> {
  const { eventLog, logger } = options;
  const pool = createPool({
    url: options.databaseUrl,
    max: poolMax,
    applicationName: 'tollgate-gateway',
    queryTimeoutMs,
    onLostConnection: (error) => logger.warn({ reason: error.message }, 'a database connection was lost'),
  });
  background.onStop(() => pool.end());
  const { partitions } = await eventLog.describe(topics.usageEvents);
  const ledgerClient = new LedgerClient({
    log: eventLog,
    receiver: options.receiver,
    partitions: partitions.length,
    answerWaitMs: options.config.answerWaitMs,
  });
  background.onStop(() => ledgerClient.close());
  const readiness = readinessOf({ ...options, database: () => pool.query('select 1') });
  const metrics = options.metrics ?? createMetrics();
  return {
    ...options,
    metrics,
    pool,
    entities: await openEntities(pool, entities),
    ledgerClient,
    background,
    readiness,
  };
}
