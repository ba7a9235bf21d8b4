import { wallClock } from '@tollgate/kernel';
import { serviceUrl } from '@tollgate/persistence';
import { createLogger, createMetrics, createShutdown, runMain, startHealthServer } from '@tollgate/service-kit';

import { optimizerSchema } from './adapters/postgres/migrations.ts';
import { readConfig } from './config.ts';
import { startImageServer } from './http/image-server.ts';
import { startOptimizer } from './start.ts';

/** The optimizer as its own process, configured by its environment alone. */
await runMain(async () => {
  const config = readConfig(process.env);
  const secret = config.SERVICE_SECRET;
  const logger = createLogger({ service: 'optimizer', level: config.LOG_LEVEL });
  const shutdown = createShutdown((line) => logger.info(line));
  const { role } = optimizerSchema;
  const databaseUrl = serviceUrl({
    url: config.DATABASE_URL,
    role,
    password: config.DATABASE_PASSWORD,
    serviceSecret: secret,
  });

  const service = await startOptimizer({
    databaseUrl,
    folder: config.OPTIMIZER_DIR,
    clock: wallClock,
    workers: config.OPTIMIZER_WORKERS,
    memoryMb: config.OPTIMIZER_MEMORY_MB,
    logger,
  });
  shutdown.onStop('the optimizer', () => service.stop());
  const server = await startImageServer({
    host: config.HOST,
    port: config.OPTIMIZER_ADDRESS.port,
    secret,
    optimizer: service.optimizer,
    logger,
  });
  shutdown.onStop('the port for images', () => server.close());
  const health = {
    host: config.HOST,
    port: config.HEALTH_PORT,
    health: () => service.health(),
    metrics: createMetrics(),
    logger,
  };
  const healthServer = await startHealthServer(health);
  shutdown.onStop('the health port', () => healthServer.close());
  logger.info({ port: server.port, healthPort: healthServer.port }, 'the optimizer runs');
});
