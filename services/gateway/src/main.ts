import {
  billingContract,
  type BillingQueries,
  billingQueryPattern,
  financeRole,
  ledgerContract,
  type LedgerQueries,
  ledgerQueryPattern,
  quotaContract,
  type QuotaQueries,
  quotaQueryPattern,
} from '@tollgate/contracts';
import { wallClock } from '@tollgate/kernel';
import { createTcpAnswerReceiver, openKafkaLog } from '@tollgate/messaging';
import { serviceUrl } from '@tollgate/persistence';
import {
  createLogger,
  createMetrics,
  createQueryClient,
  createShutdown,
  kafkaConnectionOf,
  runMain,
  startHealthServer,
} from '@tollgate/service-kit';

import { gatewayConfig, gatewayId, readConfig } from './config.ts';
import { remoteOptimizer } from './optimize/remote/remote-optimizer.ts';
import { gatewaySchema } from './postgres/schema.ts';
import { startGateway } from './start.ts';

/** Publishing waits for every partition, so the query must take longer. */
const publishTimeoutMs = 15_000;
const stripeTimeoutMs = 60_000;
/** The provider has 10 s, and a refresh may wait for an earlier one. */
const quotaTimeoutMs = 22_000;

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
  const ledger = createQueryClient<LedgerQueries>({
    addresses: config.LEDGER_ADDRESS,
    secret,
    contract: ledgerContract,
    pattern: ledgerQueryPattern,
    unavailable: 'LEDGER_UNAVAILABLE',
    // A page of details is erased and its seals are recomputed.
    timeoutsMs: { eraseDetails: 60_000 },
  });
  shutdown.onStop('the connection to the ledger', () => ledger.close());
  const billing = createQueryClient<BillingQueries>({
    addresses: config.BILLING_ADDRESS,
    secret,
    contract: billingContract,
    pattern: billingQueryPattern,
    unavailable: 'BILLING_UNAVAILABLE',
    timeoutsMs: {
      publishCatalog: publishTimeoutMs,
      createResource: publishTimeoutMs,
      changeResource: publishTimeoutMs,
      removeResource: publishTimeoutMs,
      // Longer than their own waits: for the outcome of a charge, or for several calls of Stripe.
      chargeStatuses: 4_000,
      retryCharge: 5_000,
      startReconciliation: 8_000,
      putCustomer: stripeTimeoutMs,
      createSubscription: stripeTimeoutMs,
      stripeWebhook: stripeTimeoutMs,
    },
  });
  shutdown.onStop('the connection to billing', () => billing.close());

  const quota = createQueryClient<QuotaQueries>({
    addresses: config.QUOTA_ADDRESS,
    secret,
    contract: quotaContract,
    pattern: quotaQueryPattern,
    unavailable: 'QUOTA_SERVICE_UNAVAILABLE',
    timeoutsMs: { check: quotaTimeoutMs },
  });
  shutdown.onStop('the connection to quota', () => quota.close());
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
    logger.warn('HEALTH_PORT is not set: nobody can ask for figures or for what keeps the gateway from being ready');
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
