import { join } from 'node:path';

import { billingSchema, financeSchema, startBilling } from '@tollgate/billing';
import { partitionsDefault } from '@tollgate/contracts';
import { gatewayConfig, gatewaySchema, startGateway } from '@tollgate/gateway';
import { type Clock, wallClock } from '@tollgate/kernel';
import { ledgerSchema, startLedger } from '@tollgate/ledger';
import {
  createInProcessAnswers,
  embeddedLogSchema,
  type EventLog,
  openEmbeddedLog,
  openKafkaLog,
} from '@tollgate/messaging';
import { type OptimizerOptions, optimizerSchema, startOptimizer } from '@tollgate/optimizer';
import { quotaSchema, startQuota } from '@tollgate/quota';
import {
  combineHealth,
  createMetrics,
  type HealthReport,
  kafkaConnectionOf,
  type Logger,
  type Metrics,
  type Shutdown,
  startHealthServer,
} from '@tollgate/service-kit';

import { type PlatformConfig, present } from './config.ts';
import { type DataFolder, takeDataFolder } from './data-folder.ts';
import { startDatabase } from './database.ts';
import { openDemoWallet } from './demo.ts';
import { prepareDatabase, type PreparedDatabase } from './prepare.ts';
import { embeddedSecrets, rolePasswordsOf, type Secrets, secretsOf, webhookEncryptionKey } from './secrets.ts';
import { openStripe, usesSimulator } from './stripe.ts';
import { openTestClock, type TestClock } from './test-clock.ts';
import { topicSpecs } from './topics.ts';

export type PlatformOptions = {
  readonly config: PlatformConfig;
  readonly logger: Logger;
  /** One line a step, for the operator. */
  readonly say: (line: string) => void;
  /** Hears of everything that must be closed again, in the order in which it came up. */
  readonly onStop: Shutdown['onStop'];
};

export type RunningPlatform = {
  /** `http://host:port` of the gateway. */
  readonly address: string;
  /** null: distributed. */
  readonly dataDir: string | null;
};

/** Starts the services in this process, joined directly, on what the settings name or on what the data folder holds. */
export async function startPlatform(options: PlatformOptions): Promise<RunningPlatform> {
  const { config, logger, say, onStop } = options;
  const folder = config.mode === 'embedded' ? await takeFolder(options) : null;
  const secrets = folder === null ? secretsOf(config.settings) : embeddedSecrets(folder.path, config.settings);
  const testClock = folder !== null && config.settings.TEST_CLOCK === '1' ? openTestClock(folder.path) : undefined;
  const clock = testClock ?? wallClock;
  if (testClock !== undefined) say(`Test clock     time stands at ${new Date(testClock.nowMs()).toISOString()}`);

  const adminUrl = await databaseUrl(options, folder);
  const distributedLog = config.settings.KAFKA_BROKERS !== undefined;
  const database = await prepareDatabase({
    adminUrl,
    passwordOf: rolePasswordsOf(config.settings, secrets.serviceSecret),
    embeddedLog: !distributedLog,
    stripeSimulator: usesSimulator(config),
  });
  say(`Schemas        ${database.ran.length === 0 ? 'up to date' : `${database.ran.length} migrations applied`}`);

  const onTrouble = (message: string, error: unknown): void => logger.warn({ err: error }, message);
  const eventLog = distributedLog
    ? await openKafkaLog({ ...kafkaConnectionOf(config.settings, 'tollgate'), onTrouble })
    : await openEmbeddedLog({ url: database.urlFor(embeddedLogSchema), clock, onTrouble });
  onStop('the log', () => eventLog.close());
  await eventLog.createTopics(topicSpecs);
  say(
    `Log            ${distributedLog ? `Kafka at ${config.settings.KAFKA_BROKERS?.join(', ')}` : 'embedded'}, ` +
      `${partitionsDefault} partitions`,
  );

  const address = await startServices(options, { secrets, clock, testClock, database, eventLog });
  if (folder !== null) {
    const demo = await openDemoWallet({ dataDir: folder.path, address, serverKey: secrets.serverApiKey });
    if (demo) say('Demo           the wallet demo has 1000 units');
    folder.announce(address);
  }
  return { address, dataDir: folder?.path ?? null };
}

async function takeFolder({ config, say, onStop }: PlatformOptions): Promise<DataFolder> {
  const folder = await takeDataFolder(config.settings.DATA_DIR);
  onStop('the data folder', () => folder.release());
  say(`Data folder    ${folder.path}`);
  return folder;
}

async function databaseUrl(
  { config, say, logger, onStop }: PlatformOptions,
  folder: DataFolder | null,
): Promise<string> {
  const given = config.settings.DATABASE_URL;
  if (given !== undefined || folder === null) {
    const url = present(given, 'DATABASE_URL');
    say(`PostgreSQL     at ${new URL(url).host}`);
    return url;
  }
  const database = await startDatabase({
    dataDir: join(folder.path, 'postgres'),
    onTrouble: (line) => logger.error(line),
  });
  onStop('PostgreSQL', () => database.stop());
  say(`PostgreSQL     embedded, on port ${new URL(database.url).port}`);
  return database.url;
}

type Joined = {
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly testClock: TestClock | undefined;
  readonly database: PreparedDatabase;
  readonly eventLog: EventLog;
};

async function startServices({ config, logger, say, onStop }: PlatformOptions, joined: Joined): Promise<string> {
  const { clock, database, eventLog, secrets, testClock } = joined;
  const metrics = createMetrics();
  const answers = createInProcessAnswers();
  const loggerOf = (service: string): Logger => logger.child({ service });

  const ledger = await startLedger({
    databaseUrl: database.urlFor(ledgerSchema),
    eventLog,
    answers: answers.sender,
    clock,
    metrics,
    partitions: partitionsDefault,
    logger: loggerOf('ledger'),
    // On the embedded log nobody reads the topic: the table itself is where entries are read.
    publishEntries: config.settings.KAFKA_BROKERS !== undefined,
  });
  onStop('ledger', () => ledger.stop());
  const stripe = await openStripe({ config, database, clock, say, onStop, logger: loggerOf('stripe-simulator') });
  const billing = await startBilling({
    databaseUrl: database.urlFor(billingSchema),
    eventLog,
    ledger: ledger.queries,
    clock,
    logger: loggerOf('billing'),
    stripe: stripe.settings,
    fourEyes: config.settings.FOUR_EYES_ABOVE,
    webhooks: {
      allowPrivate: config.settings.ALLOW_PRIVATE_WEBHOOKS === '1',
      encryptionKey: webhookEncryptionKey(config.settings, {
        dataDir: config.mode === 'embedded' ? config.settings.DATA_DIR : null,
        serviceSecret: secrets.serviceSecret,
      }),
    },
  });
  onStop('billing', () => billing.stop());
  const quota = await startQuota({
    databaseUrl: database.urlFor(quotaSchema),
    eventLog,
    clock,
    logger: loggerOf('quota'),
    provider: { url: config.settings.XTEMOS_API_URL, key: config.settings.XTEMOS_API_KEY },
  });
  onStop('quota', () => quota.stop());
  const optimizer = await startOptimizer({
    ...optimizerOptions(config.settings),
    databaseUrl: database.urlFor(optimizerSchema),
    clock,
    logger: loggerOf('optimizer'),
  });
  onStop('optimizer', () => optimizer.stop());

  const health = async (): Promise<HealthReport> =>
    combineHealth(await Promise.all([ledger.health(), billing.health(), quota.health(), optimizer.health()]));
  const gateway = await startGateway({
    config: gatewayConfig(config.settings),
    secrets,
    databaseUrl: database.urlFor(gatewaySchema),
    financeUrl: database.urlFor(financeSchema),
    eventLog,
    receiver: answers.receiver,
    ledger: ledger.queries,
    billing: billing.queries,
    quota: quota.queries,
    optimizer: optimizer.optimizer,
    clock,
    metrics,
    health,
    publicDetails: config.mode === 'embedded',
    logger: loggerOf('gateway'),
    ...(testClock === undefined ? {} : { testClock }),
  });
  onStop('gateway', () => gateway.stop());
  await openHealthPort(
    { config, logger: loggerOf('gateway'), say, onStop },
    { health: () => gateway.health(), metrics },
  );
  stripe.deliverTo(`${gateway.address.url}/api/webhooks/stripe`);
  say('Services       gateway, ledger, quota, billing and optimizer in one process');
  return gateway.address.url;
}

const optimizerOptions = (
  settings: PlatformConfig['settings'],
): Pick<OptimizerOptions, 'folder' | 'workers' | 'memoryMb'> => ({
  folder: settings.OPTIMIZER_DIR ?? join(settings.DATA_DIR, 'images'),
  workers: settings.OPTIMIZER_WORKERS,
  memoryMb: settings.OPTIMIZER_MEMORY_MB,
});

/** Behind a load balancer: readiness by part and figures, on a port that the public does not reach. */
async function openHealthPort(
  { config, logger, say, onStop }: PlatformOptions,
  of: { readonly health: () => Promise<HealthReport>; readonly metrics: Metrics },
): Promise<void> {
  const { HEALTH_PORT: port, HOST: host } = config.settings;
  if (config.mode !== 'distributed' || port === undefined) return;
  const server = await startHealthServer({ host, port, ...of, logger });
  onStop('the health port', () => server.close());
  say(`Health         figures and readiness by part on port ${server.port}`);
}
