import { roleUrl, rolePassword } from '@tollgate/persistence';
import { createLogger, createMetrics, createShutdown, runMain, startHealthServer } from '@tollgate/service-kit';
import { quotaSchema } from './adapters/postgres/migrations.ts';
import { readConfig } from './config.ts';
import { startQuota } from './start.ts';

/** Quota as its own process, by its environment alone. */
await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger({ service: 'quota', level: config.LOG_LEVEL });
  const shutdown = createShutdown((line) => logger.info(line));
  const { role } = quotaSchema;
  const databaseUrl = roleUrl(config.DATABASE_URL, role, rolePassword(config.SERVICE_SECRET, role));

  const quota = await startQuota({ databaseUrl, logger });
  shutdown.onStop('quota', () => quota.stop());
  const health = { host: config.HOST, port: config.HEALTH_PORT, health: () => quota.health(), metrics: createMetrics(), logger };
  const server = await startHealthServer(health);
  shutdown.onStop('the health port', () => server.close());
  logger.info({ healthPort: server.port }, 'quota runs');
});
