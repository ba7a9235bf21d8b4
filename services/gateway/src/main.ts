import { financeRole } from '@tollgate/contracts';
import { wallClock } from '@tollgate/kernel';
import { createTcpAnswerReceiver, openKafkaLog } from '@tollgate/messaging';
import { serviceUrl } from '@tollgate/persistence';
import {
  createLogger,
  createMetrics,
  createShutdown,
  kafkaConnectionOf,
  runMain,
  startHealthServer,
} from '@tollgate/service-kit';

import { gatewayConfig, gatewayId, readConfig } from './config.ts';
import { remoteOptimizer } from './optimize/remote/remote-optimizer.ts';
import { gatewaySchema } from './postgres/schema.ts';
import { openServiceClients } from './service-clients.ts';
import { startGateway } from './start.ts';

/** The gateway as its own process, configured by its environment alone. */
await runMain(async () => {
  const config = readConfig(process.env);
  const secret = config.SERVICE_SECRET;
  const logger = createLogger({ service: 'gateway', level: config.LOG_LEVEL });
  const shutdown = createShutdown((line) => logger.info(line));

  const onTrouble = (message: string, error: unknown): void => logger.warn({ err: error }, message);
  const eventLog = await openKafkaLog({ ...kafkaConnectionOf(config, 'gateway'), onTrouble });
  shutdown.onStop('the log', () => eventLog.close());
  const { host: advertisedHost, port } = config.REPLY_ADDRESS;
  const receiver = await createTcpAnswerReceiver({
    gatewayId: gatewayId(),
    serviceSecret: secret,
    host: config.HOST,
    port,
    advertisedHost,
    onRefused: (reason, address) =>
      logger.warn({ address }, `a connection to the port for answers was closed: ${reason}`),
  });
  shutdown.onStop('the port for answers', () => receiver.close());
  const { ledger, billing, quota } = openServiceClients(config, shutdown);
  const metrics = createMetrics();
  const optimizer = remoteOptimizer({ address: config.OPTIMIZER_ADDRESS, secret });

  const { role } = gatewaySchema;
  const urlOf = (name: string, password: string | undefined): string =>
    serviceUrl({ url: config.DATABASE_URL, role: name, password, serviceSecret: secret });
  const gateway = await startGateway({
    config: gatewayConfig(config),
    databaseUrl: urlOf(role, config.DATABASE_PASSWORD),
    financeUrl: urlOf(financeRole, config.FINANCE_DATABASE_PASSWORD),
    eventLog,
    receiver,
    ledger: ledger.queries,
    partitions: () => ledger.each('partitions', {}),
    billing: billing.queries,
    quota: quota.queries,
    optimizer,
    clock: wallClock,
    logger,
    metrics,
    publicDetails: false,
    secrets: {
      jwtSecret: config.JWT_SECRET,
      serverApiKey: config.SERVER_API_KEY,
      adminPassword: config.ADMIN_PASSWORD,
      optimizeAdminToken: config.OPTIMIZE_ADMIN_TOKEN,
    },
  });
  shutdown.onStop('the gateway', () => gateway.stop());
  const { HEALTH_PORT: healthPort } = config;
  if (healthPort === undefined) {
    logger.warn('HEALTH_PORT is not set: neither metrics nor readiness by part are served');
  } else {
    const health = await startHealthServer({
      host: config.HOST,
      port: healthPort,
      health: () => gateway.health(),
      metrics,
      logger,
    });
    shutdown.onStop('the health port', () => health.close());
  }
  logger.info({ address: gateway.address.url }, 'the gateway runs');
});
