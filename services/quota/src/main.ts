import { quotaContract, quotaQueryPattern } from '@tollgate/contracts';
import { wallClock } from '@tollgate/kernel';
import { openKafkaLog } from '@tollgate/messaging';
import { serviceUrl } from '@tollgate/persistence';
import {
  createLogger,
  createMetrics,
  createShutdown,
  kafkaConnectionOf,
  runMain,
  serveQueries,
  startHealthServer,
} from '@tollgate/service-kit';

import { quotaSchema } from './adapters/postgres/migrations.ts';
import { readConfig } from './config.ts';
import { startQuota } from './start.ts';

/** Quota as its own process, configured by its environment alone. */
await runMain(async () => {
  const config = readConfig(process.env);
  const secret = config.SERVICE_SECRET;
  const logger = createLogger({ service: 'quota', level: config.LOG_LEVEL });
  const shutdown = createShutdown((line) => logger.info(line));

  const onTrouble = (message: string, error: unknown): void => logger.warn({ err: error }, message);
  const eventLog = await openKafkaLog({ ...kafkaConnectionOf(config, 'quota'), onTrouble });
  shutdown.onStop('the log', () => eventLog.close());
  const { role } = quotaSchema;
  const databaseUrl = serviceUrl({
    url: config.DATABASE_URL,
    role,
    password: config.DATABASE_PASSWORD,
    serviceSecret: secret,
  });
  const provider = { url: config.XTEMOS_API_URL, key: config.XTEMOS_API_KEY };
  const quota = await startQuota({ databaseUrl, eventLog, clock: wallClock, provider, logger });
  shutdown.onStop('quota', () => quota.stop());
  const server = await serveQueries({
    host: config.HOST,
    port: config.QUOTA_ADDRESS.port,
    secret,
    queries: quota.queries,
    contract: quotaContract,
    pattern: quotaQueryPattern,
    logger,
  });
  shutdown.onStop('the port for queries', () => server.close());
  const health = {
    host: config.HOST,
    port: config.HEALTH_PORT,
    health: () => quota.health(),
    metrics: createMetrics(),
    logger,
  };
  const healthServer = await startHealthServer(health);
  shutdown.onStop('the health port', () => healthServer.close());
  logger.info({ queryPort: server.port, healthPort: healthServer.port }, 'quota runs');
});
