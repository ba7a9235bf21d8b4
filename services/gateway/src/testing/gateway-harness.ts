import type { BillingQueries, LedgerQueries } from '@tollgate/contracts';
import { migrate, rolePassword, roleUrl } from '@tollgate/persistence';
import { createLogger } from '@tollgate/service-kit';
import type { FakeClock, FreshDatabase } from '@tollgate/testing';
import { fakeClock, freshDatabase } from '@tollgate/testing';

import type { GatewayOptions, RunningGateway } from '../index.ts';
import { gatewaySchema, startGateway } from '../index.ts';
import { remoteOptimizer } from '../optimize/remote/remote-optimizer.ts';
import { LedgerStandIn } from './ledger-stand-in.ts';

export const serverKey = 'first-server-key-of-the-specs';
export const adminPassword = 'admin-password-of-the-specs';
export const jwtSecret = 'x'.repeat(40);

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies of every route, checked by each expectation
export type Reply = { status: number; body: any; headers: Headers };

const password = (role: string): string => rolePassword('service-secret-of-specs', role);

/** Members that differ. Ports are given as far as a spec calls them. */
export type Changes = { readonly [Name in 'config' | 'secrets']?: Partial<GatewayOptions[Name]> } & {
  readonly [Name in 'billing' | 'quota' | 'optimizer' | 'ledger']?: object;
} & { readonly logger?: GatewayOptions['logger']; readonly publicDetails?: boolean };

/** What a gateway of the specs is started with, on a stand-in of the ledger and a real PostgreSQL. */
function optionsOf(ledger: LedgerStandIn, clock: FakeClock, database: FreshDatabase): GatewayOptions {
  return {
    config: {
      host: '127.0.0.1',
      port: 0,
      answerWaitMs: 300,
      adminEmail: 'admin@localhost',
      upstream: { timeoutMs: 1_000 },
    },
    databaseUrl: roleUrl(database.url, gatewaySchema.role, password(gatewaySchema.role)),
    financeUrl: database.url,
    eventLog: ledger.log,
    receiver: ledger,
    ledger: ledger.queries as LedgerQueries,
    billing: {} as BillingQueries,
    clock,
    quota: { check: async () => ({ valid: false }), stored: async () => null },
    // Nobody listens there: what an image needs is proved end to end.
    optimizer: remoteOptimizer({ address: { host: '127.0.0.1', port: 9 }, secret: 'service-secret-of-specs' }),
    logger: createLogger({ service: 'gateway', level: 'silent' }),
    secrets: {
      jwtSecret,
      serverApiKey: serverKey,
      adminPassword,
      optimizeAdminToken: 'optimize-admin-token-of-the-specs',
    },
  };
}

/** A gateway alone: what the ledger really does is proved in its own specs and end to end. */
export class GatewayHarness {
  readonly ledger: LedgerStandIn;
  readonly database: FreshDatabase;
  readonly clock: FakeClock;
  gateway: RunningGateway;
  readonly #changes: Changes;

  private constructor(parts: Pick<GatewayHarness, 'ledger' | 'database' | 'clock' | 'gateway'>, changes: Changes) {
    this.ledger = parts.ledger;
    this.database = parts.database;
    this.clock = parts.clock;
    this.gateway = parts.gateway;
    this.#changes = changes;
  }

  /** `changes`: members of the options that differ, one level deep. */
  static async start(ledger = new LedgerStandIn(), changes: Changes = {}): Promise<GatewayHarness> {
    const database = await freshDatabase();
    await migrate({ adminUrl: database.url, schemas: [gatewaySchema], rolePassword: password });
    const clock = fakeClock();
    const gateway = await startGateway(merged(optionsOf(ledger, clock, database), changes));
    return new GatewayHarness({ ledger, database, clock, gateway }, changes);
  }

  /** Another gateway on the same database and log; not closed by `close`. */
  another(changes: Changes = {}): Promise<RunningGateway> {
    return startGateway(merged(merged(optionsOf(this.ledger, this.clock, this.database), this.#changes), changes));
  }

  async restart(changes: Changes = {}): Promise<void> {
    await this.gateway.stop();
    this.gateway = await this.another(changes);
  }

  async close(): Promise<void> {
    await this.gateway.stop();
    await this.database.drop();
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    const json = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const contentType: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(this.gateway.address.url + path, {
      method,
      headers: { ...contentType, ...headers },
      ...json,
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
  }

  server(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.call(method, path, body, { 'x-server-api-key': serverKey, ...headers });
  }

  async loggedIn(email: string, secret = 'long enough'): Promise<Record<string, string>> {
    const { body } = await this.call('POST', '/api/auth/login', { email, password: secret });
    return { authorization: `Bearer ${body.access_token}` };
  }
}

function merged(options: GatewayOptions, changes: Changes): GatewayOptions {
  const changed = Object.entries(changes).map(([name, value]) => {
    const before = options[name as keyof GatewayOptions];
    const plain =
      typeof value === 'object' &&
      value !== null &&
      Object.getPrototypeOf(value) === Object.prototype &&
      typeof before === 'object';
    return [name, plain ? { ...before, ...value } : value];
  });
  return { ...options, ...Object.fromEntries(changed) } as GatewayOptions;
}
