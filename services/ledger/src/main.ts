import { ledgerContract, ledgerQueryPattern, partitionsDefault } from '@tollgate/contracts';
import { wallClock } from '@tollgate/kernel';
import { createTcpAnswerSender, openKafkaLog } from '@tollgate/messaging';
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

import { readConfig } from './config.ts';
import { ledgerSchema } from './postgres/migrations/index.ts';
import { startLedger } from './start.ts';

/** The ledger as its own process, by its environment alone. */
await runMain(async () => {
  const config = readConfig(process.env);
  const secret = config.SERVICE_SECRET;
  const logger = createLogger({ service: 'ledger', level: config.LOG_LEVEL });
  const shutdown = createShutdown((line) => logger.info(line));
  const metrics = createMetrics();

  const onTrouble = (message: string, error: unknown): void => logger.warn({ err: error }, message);
  const eventLog = await openKafkaLog({ ...kafkaConnectionOf(config, 'ledger'), onTrouble });
  shutdown.onStop('the log', () => eventLog.close());
  const answers = createTcpAnswerSender({
    serviceSecret: secret,
    onRefusedAddress: () => logger.warn('an answer was not sent: its reply address was not signed with SERVICE_SECRET'),
  });
  shutdown.onStop('the answers', () => answers.close());

  const { role } = ledgerSchema;
  const databaseUrl = serviceUrl({
    url: config.DATABASE_URL,
    role,
    password: config.DATABASE_PASSWORD,
    serviceSecret: secret,
  });
  const ledger = await startLedger({
    databaseUrl,
    eventLog,
    answers,
    clock: wallClock,
    logger,
    metrics,
    partitions: partitionsDefault,
    accountsMax: config.LEDGER_ACCOUNTS_MAX,
  });
  shutdown.onStop('ledger', () => ledger.stop());
  const server = await serveQueries({
    host: config.HOST,
    port: config.LEDGER_ADDRESS.port,
    secret,
    queries: ledger.queries,
    contract: ledgerContract,
    pattern: ledgerQueryPattern,
    logger,
  });
  shutdown.onStop('the port for queries', () => server.close());
  const health = await startHealthServer({
    host: config.HOST,
    port: config.HEALTH_PORT,
    health: () => ledger.health(),
    metrics,
    logger,
  });
  shutdown.onStop('the health port', () => health.close());
  logger.info({ queryPort: server.port, healthPort: health.port }, 'the ledger runs');
});
