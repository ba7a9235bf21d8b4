import { join } from 'node:path';

import { freePort, startKafka, startPostgres, type TestKafka, type TestPostgres } from '@tollgate/testing';

import { Client } from './client.ts';
import { type Platform, queryOnce, ready } from './platform.ts';
import { Program, type ProgramName, removeFolder, runCli, type Variables, workFolder } from './program.ts';
import { UpstreamServer } from './upstream.ts';

const serverKey = 'system-tests-server-key';
const password = 'system-tests-password';
const optimizeAdminToken = 'system-tests-optimize-admin';
/** Shorter than the default, so that an outage is answered before the test's patience ends. */
const answerWaitMs = 3_500;

/** A Stripe that is down: nobody listens on port 9 of this machine, so that every charge waits for it. */
const stripe = {
  STRIPE_SECRET_KEY: 'sk_test_system_tests',
  STRIPE_WEBHOOK_SECRET: 'whsec_system_tests',
  STRIPE_API_BASE: 'http://127.0.0.1:9',
};

type Ports = Readonly<
  Record<
    | 'http'
    | 'gatewayHealth'
    | 'replies'
    | 'http2'
    | 'replies2'
    | 'ledger'
    | 'ledger2'
    | 'billing'
    | 'billingHealth'
    | 'quota'
    | 'quotaHealth'
    | 'images'
    | 'imagesHealth'
    | 'ledgerHealth'
    | 'ledger2Health',
    number
  >
>;

/**
 * The distributed platform: every service a process of its own on a real Kafka and PostgreSQL that may be killed too.
 */
export class DistributedPlatform implements Platform {
  readonly name = 'distributed';
  readonly admin = { email: 'admin@localhost', password };
  readonly optimizeAdminToken = optimizeAdminToken;
  readonly server: Client;
  readonly anybody: Client;
  readonly figures: Client;
  readonly kafka: TestKafka;
  readonly postgres: TestPostgres;
  readonly gateway: Program;
  /** Not started: a test may. Its clients are `anybodyAtSecond` and, with the server key, `serverAtSecond`. */
  readonly secondGateway: Program;
  readonly anybodyAtSecond: Client;
  readonly serverAtSecond: Client;
  readonly ledger: Program;
  /** Known to the others by its address, and not started: a test may. */
  readonly secondLedger: Program;
  readonly optimizer: Program;
  readonly #firstHealth: Client;
  readonly #secondHealth: Client;
  /** The product services of the credits surface. */
  readonly upstream: UpstreamServer;
  readonly #others: readonly Program[];
  /** Where the optimizer keeps its files. */
  readonly imagesDir: string;
  /** As `tollgate secrets` makes them: a folder a service. */
  readonly secretsDir: string;
  readonly #folder: string;
  readonly #common: Variables;

  private constructor(
    servers: { readonly kafka: TestKafka; readonly postgres: TestPostgres; readonly upstream: UpstreamServer },
    folder: string,
    ports: Ports,
    provider: Variables,
  ) {
    this.kafka = servers.kafka;
    this.postgres = servers.postgres;
    this.upstream = servers.upstream;
    this.#folder = folder;
    this.imagesDir = join(folder, 'images');
    this.#common = {
      NODE_ENV: 'production',
      KAFKA_BROKERS: this.kafka.brokers,
      DATABASE_URL: this.postgres.url,
      SERVICE_SECRET: 'a-secret-of-the-system-tests',
    };
    this.secretsDir = join(folder, 'secrets');
    const at = (port: number): string => `127.0.0.1:${port}`;
    const ledgers = { LEDGER_ADDRESS: `${at(ports.ledger)},${at(ports.ledger2)}` };
    const ofGateways = {
      ...ledgers,
      BILLING_ADDRESS: at(ports.billing),
      ANSWER_WAIT_MS: String(answerWaitMs),
      JWT_SECRET: 'a secret for logins, of 32 bytes and more',
      SERVER_API_KEY: serverKey,
      ADMIN_PASSWORD: password,
      ...this.upstream.variables,
      FINANCE_DATABASE_PASSWORD_FILE: join(this.secretsDir, 'gateway', 'finance-database-password'),
      OPTIMIZE_ADMIN_TOKEN: optimizeAdminToken,
      QUOTA_ADDRESS: at(ports.quota),
      OPTIMIZER_ADDRESS: at(ports.images),
    };
    this.gateway = this.#program('gateway', {
      ...ofGateways,
      REPLY_ADDRESS: at(ports.replies),
      PORT: String(ports.http),
      HEALTH_PORT: String(ports.gatewayHealth),
    });
    this.secondGateway = this.#program(
      'gateway',
      { ...ofGateways, REPLY_ADDRESS: at(ports.replies2), PORT: String(ports.http2) },
      'second-gateway',
    );
    this.ledger = this.#program('ledger', {
      LEDGER_ADDRESS: at(ports.ledger),
      HEALTH_PORT: String(ports.ledgerHealth),
    });
    this.secondLedger = this.#program(
      'ledger',
      { LEDGER_ADDRESS: at(ports.ledger2), HEALTH_PORT: String(ports.ledger2Health) },
      'second-ledger',
    );
    this.#firstHealth = new Client(`http://${at(ports.ledgerHealth)}`);
    this.#secondHealth = new Client(`http://${at(ports.ledger2Health)}`);
    this.optimizer = this.#program('optimizer', {
      OPTIMIZER_ADDRESS: at(ports.images),
      OPTIMIZER_DIR: this.imagesDir,
      HEALTH_PORT: String(ports.imagesHealth),
    });
    this.#others = [
      this.#program('billing', {
        ...ledgers,
        BILLING_ADDRESS: at(ports.billing),
        HEALTH_PORT: String(ports.billingHealth),
        ...stripe,
      }),
      this.#program('quota', { QUOTA_ADDRESS: at(ports.quota), HEALTH_PORT: String(ports.quotaHealth), ...provider }),
      this.optimizer,
    ];
    this.figures = new Client(`http://${at(ports.gatewayHealth)}`);
    this.anybody = new Client(`http://${at(ports.http)}`);
    this.server = this.anybody.with({ 'x-server-api-key': serverKey });
    this.anybodyAtSecond = new Client(`http://${at(ports.http2)}`);
    this.serverAtSecond = this.anybodyAtSecond.with({ 'x-server-api-key': serverKey });
  }

  /** `env` is for quota: its provider. */
  static async start(env: Variables = {}): Promise<DistributedPlatform> {
    const [kafka, postgres, upstream] = await Promise.all([
      startKafka(),
      startPostgres({ passwords: true }),
      UpstreamServer.start(),
    ]);
    const platform = new DistributedPlatform({ kafka, postgres, upstream }, workFolder(), await ports(), env);
    try {
      for (const args of [
        ['secrets', platform.secretsDir],
        ['migrate', '--json'],
      ]) {
        const { how, output } = await platform.cli(...args);
        if (how !== 'exit code 0') throw new Error(`${args[0]}: ${how}\n${output}`);
      }
      for (const program of [platform.ledger, ...platform.#others, platform.gateway]) program.start();
      await ready(platform);
    } catch (error) {
      const said = [platform.gateway, platform.ledger, ...platform.#others].map(
        (program) => `${program.name}:\n${program.output().slice(-2_000)}`,
      );
      await platform.stop();
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${said.join('\n')}`, {
        cause: error,
      });
    }
    return platform;
  }

  /** Every service that runs, by its name. */
  get services(): readonly Program[] {
    return [this.ledger, ...this.#others, this.gateway];
  }

  /** By the first ledger's own metrics. */
  async partitionsOfFirstLedger(): Promise<number> {
    const figure = /^tollgate_ledger_partitions_owned (\d+)/m.exec(await this.#firstHealth.text('/metrics'));
    return Number(figure?.[1] ?? 0);
  }

  async partitionsOfSecondLedger(): Promise<number> {
    const figure = /^tollgate_ledger_partitions_owned (\d+)/m.exec(
      await this.#secondHealth.text('/metrics').catch(() => ''),
    );
    return Number(figure?.[1] ?? 0);
  }

  /** Entries that the second ledger has committed, by its own metrics. */
  async entriesOfSecondLedger(): Promise<number> {
    const figure = /^tollgate_ledger_entries_total (\d+)/m.exec(await this.#secondHealth.text('/metrics'));
    return Number(figure?.[1] ?? 0);
  }

  rows<Row extends object>(
    sql: string,
    values?: readonly unknown[],
    before?: readonly string[],
  ): Promise<readonly Row[]> {
    return queryOnce<Row>(this.postgres.url, sql, values, before);
  }

  cli(...args: readonly string[]): Promise<{ readonly how: string; readonly output: string }> {
    const gateway = { HOST: '127.0.0.1', PORT: new URL(this.anybody.url).port, SERVER_API_KEY: serverKey };
    return runCli({
      args,
      env: { ...this.#common, ...gateway, DATABASE_PASSWORDS_DIR: join(this.secretsDir, 'migrate', 'roles') },
      folder: this.#folder,
    });
  }

  async stop(): Promise<void> {
    const running = [this.gateway, this.secondGateway, this.ledger, this.secondLedger, ...this.#others];
    await Promise.all(running.map((program) => program.stop()));
    await Promise.all([this.kafka.stop(), this.postgres.stop(), this.upstream.stop()]);
    await removeFolder(this.#folder);
  }

  #program(program: ProgramName, env: Variables, name: string = program): Program {
    const password = { DATABASE_PASSWORD_FILE: join(this.secretsDir, program, 'database-password') };
    return new Program({
      program,
      name,
      env: { ...this.#common, ...password, ...env },
      logFile: join(this.#folder, `${name}.log`),
    });
  }
}

async function ports(): Promise<Ports> {
  const names = [
    'http',
    'gatewayHealth',
    'replies',
    'http2',
    'replies2',
    'ledger',
    'ledger2',
    'billing',
    'billingHealth',
    'quota',
    'quotaHealth',
    'images',
    'imagesHealth',
    'ledgerHealth',
    'ledger2Health',
  ] as const;
  const free = await Promise.all(names.map(async (name) => [name, await freePort()] as const));
  return Object.fromEntries(free) as Ports;
}
