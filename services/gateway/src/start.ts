import type { BillingQueries, LedgerQueries, Optimizer, PartitionView, QuotaQueries } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { wallClock } from '@tollgate/kernel';
import type { AnswerReceiver, EventLog } from '@tollgate/messaging';
import { createPool } from '@tollgate/persistence';
import type { HealthReport, Logger, Metrics } from '@tollgate/service-kit';
import { combineHealth, createMetrics, partOf } from '@tollgate/service-kit';
import type { Pool } from 'pg';
import { Counter } from 'prom-client';

import type { GatewayConfig, GatewaySecrets } from './config.ts';
import { creditsParts } from './credits/credits-parts.ts';
import { Closing } from './finance/app/closing.ts';
import { FinanceExports } from './finance/app/finance-exports.ts';
import { makeFinanceViews } from './finance/postgres/finance-views.ts';
import { GatewayModule } from './gateway.module.ts';
import { startHttp } from './http-kit/server.ts';
import { Appender } from './ledger-client/app/appender.ts';
import { RequestLine } from './ledger-client/app/ledger-client.ts';
import { GuessLimit } from './licence-keys/app/guess-limit.ts';
import { LicenceKeys } from './licence-keys/app/licence-keys.ts';
import { makeLicenceKeyStore } from './licence-keys/postgres/licence-keys.ts';
import { CustomerLookUp } from './native/app/customer-look-up.ts';
import { makeErase } from './native/app/erasures.ts';
import type { TestClock } from './native/app/test-clock.ts';
import { makeErasureStore } from './native/postgres/erasures.ts';
import { checkPartitions, shared } from './operations/app/readiness.ts';
import { ImageSubmits } from './optimize/app/image-submits.ts';
import { makeSubmitStore } from './optimize/postgres/submits.ts';
import { Logins } from './people-and-keys/app/logins.ts';
import { ServerKeys } from './people-and-keys/app/server-keys.ts';
import { UserAccess } from './people-and-keys/app/user-access.ts';
import { makeServerKeyStore } from './people-and-keys/postgres/server-keys.ts';
import { makeLoginFailureStore, makeUserStore } from './people-and-keys/postgres/users.ts';
import { ConsumptionQueue, type ConsumptionStore } from './tier-billing/app/consumption-queue.ts';
import { TokenBilling } from './tier-billing/app/token-billing.ts';
import { makeConsumptionStore } from './tier-billing/postgres/consumption-queue.ts';
import { TokenCatalogCopy } from './token-process/app/token-catalog.ts';
import { TokenProcess } from './token-process/app/token-process.ts';
import { Wallets } from './token-process/app/wallets.ts';

export type GatewayOptions = {
  readonly config: GatewayConfig;
  /** Of the role `tollgate_gateway`, on a migrated database. */
  readonly databaseUrl: string;
  /** Of the role that reads finance's views. */
  readonly financeUrl: string;
  /** Its topic `usage.events.v1` exists. Not closed by the gateway, nor are the receiver and the queries. */
  readonly eventLog: EventLog;
  readonly receiver: AnswerReceiver;
  readonly ledger: LedgerQueries;
  /** What each instance of the ledger says of the partitions; default: what the one behind `ledger` says. */
  readonly partitions?: (() => Promise<readonly (readonly PartitionView[])[]>) | undefined;
  readonly billing: BillingQueries;
  readonly quota: QuotaQueries;
  readonly optimizer: Optimizer;
  /** The platform's time; logins and time-outs use the real clock. */
  readonly clock: Clock;
  /** Only where time stands until it is told to move. */
  readonly testClock?: TestClock | undefined;
  readonly logger: Logger;
  readonly secrets: GatewaySecrets;
  /** Health of what else runs in this process. */
  readonly health?: (() => Promise<HealthReport>) | undefined;
  /** Whether readiness by part and figures are on the public port; default true, as on one machine. */
  readonly publicDetails?: boolean | undefined;
  /** The process's registry; default: one of its own. */
  readonly metrics?: Metrics | undefined;
};

export type RunningGateway = {
  readonly address: { readonly host: string; readonly port: number; readonly url: string };
  /** Every route that answers, as `POST /v1/accounts/:id/spend`. */
  readonly routes: readonly string[];
  health(): Promise<HealthReport>;
  /** Ends requests under way, then what the gateway opened. */
  stop(): Promise<void>;
};

const poolMax = 8;
/** Reads and logins that PostgreSQL does not answer within this time end in 503. */
const queryTimeoutMs = 5_000;
const pruneMs = 60 * 60_000;
/** Operations without a key and queue rows the log has are of use to whoever looks into a complaint, not for ever. */
const keptMs = 30 * 86_400_000;
/** How often submits that a crash left are looked for. */
const sweepMs = 5_000;

/** Starts the gateway in this process; resolves once it takes requests. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { config, eventLog, ledger, logger, secrets } = options;
  const pool = createPool({
    url: options.databaseUrl,
    max: poolMax,
    applicationName: 'tollgate-gateway',
    queryTimeoutMs,
    onLostConnection: (error) => logger.warn({ reason: error.message }, 'a database connection was lost'),
  });
  const users = makeUserStore(pool);
  const { partitions } = await eventLog.describe(topics.usageEvents);
  const line = new RequestLine({
    appender: new Appender(eventLog),
    receiver: options.receiver,
    partitions: partitions.length,
    answerWaitMs: config.answerWaitMs,
  });
  const serverKeys = new ServerKeys({
    store: makeServerKeyStore(pool),
    firstKey: secrets.serverApiKey,
    realClock: wallClock,
  });
  const userAccess = new UserAccess({
    jwtSecret: secrets.jwtSecret,
    users,
    realClock: wallClock,
    outside: config.outside,
  });
  const logins = new Logins({
    users,
    failures: makeLoginFailureStore(pool),
    realClock: wallClock,
    registration: config.registration,
    onRenewed: (userId) => userAccess.forget([userId]),
  });
  const licenceKeys = new LicenceKeys({ store: makeLicenceKeyStore(pool), line, ledger });
  const wallets = new Wallets({ line, ledger });
  const tokenCatalog = new TokenCatalogCopy(options.billing);
  const tokenProcess = new TokenProcess({ line, wallets, catalog: tokenCatalog, clock: options.clock });

  const [consumption, financeViews] = [makeConsumptionStore(pool), makeFinanceViews(options.financeUrl)];
  const { optimizer, quota } = options;
  const submits = new ImageSubmits({
    store: makeSubmitStore(pool),
    line,
    optimizer,
    answerWaitMs: config.answerWaitMs,
    onReturned: (taskId, accountId) =>
      logger.warn({ taskId, accountId }, 'an image could not be optimised: its charge was given back'),
  });

  const readiness = shared(() => ready(pool, options));
  const metrics = options.metrics ?? createMetrics();
  const consumptionQueue = startConsumption({
    store: consumption,
    line,
    dated: options.testClock === undefined,
    logger,
    metrics,
  });
  const credits = creditsParts({ pool, line, ledger, config, metrics, logger });
  await Promise.all([serverKeys.start(), userAccess.start()]);
  await logins.ensureAdmin({ email: config.adminEmail, password: secrets.adminPassword });
  const prune = (): Promise<unknown> =>
    Promise.allSettled([
      logins.prune(),
      credits.parts.operations.store.prune(wallClock.nowMs() - keptMs),
      consumption.prune(wallClock.nowMs() - keptMs),
    ]);
  const pruning = setInterval(() => void prune(), pruneMs);
  pruning.unref();

  const stopReturns = every(
    sweepMs,
    () => submits.returnCharges(),
    (error) => logger.warn({ err: error }, 'charges of failed images are looked at again'),
  );
  const stopSweep = every(
    sweepMs,
    () => submits.sweep(),
    (error) => logger.warn({ err: error }, 'orphaned image submits are looked at again'),
  );

  const module = GatewayModule.with({
    line,
    serverKeys,
    userAccess,
    logins,
    licenceKeys,
    guesses: new GuessLimit(wallClock),
    ...credits.parts,
    tokenCatalog,
    tokenProcess,
    wallets,
    tokenBilling: new TokenBilling({
      line,
      ledger,
      billing: options.billing,
      onTrouble: (error) =>
        logger.warn({ err: error }, 'billing did not say where charges stand: they are answered as pending'),
    }),
    ledger,
    billing: options.billing,
    clock: options.clock,
    finance: new FinanceExports(financeViews),
    closing: new Closing({ billing: options.billing, line, views: financeViews, clock: options.clock }),
    customers: new CustomerLookUp({ users, ledger, billing: options.billing }),
    erase: makeErase({ store: makeErasureStore(pool), ledger }),
    testClock: options.testClock ?? null,
    readiness,
    publicDetails: options.publicDetails ?? true,
    metrics,
    submits,
    quota,
    optimizer,
    optimizeAdminToken: secrets.optimizeAdminToken,
  });
  const closeParts = async (): Promise<void> => {
    clearInterval(pruning);
    await Promise.all([stopSweep(), stopReturns()]);
    userAccess.stop();
    await serverKeys.stop();
    credits.close();
    consumptionQueue.close();
    line.close();
    await pool.end();
  };
  const listening = {
    module,
    host: config.host,
    port: config.port,
    trustedProxies: config.trustedProxies,
    connectionLimits: config.connectionLimits,
    logger,
    metrics,
    waiting: () => line.waiting,
  };
  const http = await startHttp(listening).catch(async (error: unknown) => {
    await closeParts();
    throw error;
  });
  const { host, port, routes } = http;
  return {
    address: { host, port, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` },
    routes,
    health: readiness,
    stop: async () => {
      await http.close();
      await closeParts();
    },
  };
}

/** Usage queued by SQL, with what becomes of its bad rows told and counted. */
function startConsumption(parts: {
  readonly store: ConsumptionStore;
  readonly line: RequestLine;
  readonly dated: boolean;
  readonly logger: Logger;
  readonly metrics: Metrics;
}): ConsumptionQueue {
  const { logger, metrics, ...queue } = parts;
  const setAside = new Counter({
    name: 'tollgate_sql_usage_set_aside_total',
    help: 'Rows queued by SQL that the log cannot take: dead letters in gateway.consumption_queue',
    registers: [metrics],
  });
  return new ConsumptionQueue({
    ...queue,
    onSetAside: (id, reason) => {
      setAside.inc();
      logger.error({ consumption: id, reason }, 'usage queued by SQL was set aside: the log cannot take it');
    },
    onTrouble: (error) => logger.warn({ err: error }, 'usage queued by SQL waits; it is tried again'),
  });
}

/** Runs `work` again and again, never twice at once; the answer stops it. */
function every(ms: number, work: () => Promise<void>, onFailure: (error: unknown) => void): () => Promise<void> {
  let running: Promise<void> | null = null;
  const timer = setInterval(() => {
    running ??= work()
      .catch(onFailure)
      .finally(() => {
        running = null;
      });
  }, ms);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

async function ready(pool: Pool, { eventLog, ledger, partitions, health }: GatewayOptions): Promise<HealthReport> {
  const parts = await Promise.all([
    partOf('log', () => eventLog.check()),
    partOf('ledger', async () =>
      checkPartitions(await (partitions?.() ?? ledger.partitions({}).then((views) => [views]))),
    ),
    partOf('database', () => pool.query('select 1')),
  ]);
  const own = { ready: parts.every(({ up }) => up), parts };
  return health === undefined ? own : combineHealth([own, await health()]);
}
