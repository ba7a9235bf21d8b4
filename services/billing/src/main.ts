import {
  billingContract,
  billingQueryPattern,
  ledgerContract,
  type LedgerQueries,
  ledgerQueryPattern,
} from '@tollgate/contracts';
import { wallClock } from '@tollgate/kernel';
import { openKafkaLog } from '@tollgate/messaging';
import { serviceUrl } from '@tollgate/persistence';
import {
  createLogger,
  createMetrics,
  createQueryClient,
  createShutdown,
  kafkaConnectionOf,
  runMain,
  serveQueries,
  startHealthServer,
} from '@tollgate/service-kit';

import { readConfig, stripeOf } from './config.ts';
import { billingSchema } from './postgres/migrations.ts';
import { startBilling } from './start.ts';

/** Billing as its own process, by its environment alone. */
await runMain(async () => {
  const config = readConfig(process.env);
  const secret = config.SERVICE_SECRET;
  const logger = createLogger({ service: 'billing', level: config.LOG_LEVEL });
  const shutdown = createShutdown((line) => logger.info(line));

  const onTrouble = (message: string, error: unknown): void => logger.warn({ err: error }, message);
  const eventLog = await openKafkaLog({ ...kafkaConnectionOf(config, 'billing'), onTrouble });
  shutdown.onStop('the log', () => eventLog.close());
  const ledger = createQueryClient<LedgerQueries>({
    addresses: config.LEDGER_ADDRESS,
    secret,
    contract: ledgerContract,
    pattern: ledgerQueryPattern,
    unavailable: 'LEDGER_UNAVAILABLE',
  });
  shutdown.onStop('the connection to the ledger', () => ledger.close());

  const { role } = billingSchema;
  const databaseUrl = serviceUrl({
    url: config.DATABASE_URL,
    role,
    password: config.DATABASE_PASSWORD,
    serviceSecret: secret,
  });
  const billing = await startBilling({
    databaseUrl,
    eventLog,
    ledger: ledger.queries,
    clock: wallClock,
    logger,
    stripe: stripeOf(config),
    webhooks: {
      allowPrivate: config.ALLOW_PRIVATE_WEBHOOKS === '1',
      encryptionKey: config.WEBHOOK_ENCRYPTION_KEY ?? secret,
    },
    fourEyes: config.FOUR_EYES_ABOVE,
  });
  shutdown.onStop('billing', () => billing.stop());
  const server = await serveQueries({
    host: config.HOST,
    port: config.BILLING_ADDRESS.port,
    secret,
    queries: billing.queries,
    contract: billingContract,
    pattern: billingQueryPattern,
    logger,
  });
  shutdown.onStop('the port for queries', () => server.close());
  const health = await startHealthServer({
    host: config.HOST,
    port: config.HEALTH_PORT,
    health: () => billing.health(),
    metrics: createMetrics(),
    logger,
  });
  shutdown.onStop('the health port', () => health.close());
  logger.info({ queryPort: server.port, healthPort: health.port }, 'billing runs');
});
