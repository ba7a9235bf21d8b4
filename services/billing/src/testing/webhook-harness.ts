import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  type BookedEntry,
  type DeliveryView,
  type EndpointView,
  type LedgerQueries,
  topics,
  type WebhookEventType,
} from '@tollgate/contracts';
import { embeddedLogSchema, type EventLog, openEmbeddedLog } from '@tollgate/messaging';
import { createPool, migrate, rolePassword, roleUrl } from '@tollgate/persistence';
import { createLogger } from '@tollgate/service-kit';
import { fakeClock, type FreshDatabase, freshDatabase } from '@tollgate/testing';
import type { Pool } from 'pg';

import { billingSchema, type RunningBilling, startBilling } from '../index.ts';
import { noWallets } from './wallets.ts';

const passwordOf = (role: string): string => rolePassword('a secret of this test', role);
export const clock = fakeClock(Date.parse('2026-11-21T12:00:00Z'));
export const encryptionKey = 'a key of this test';
let database: FreshDatabase;
export let eventLog: EventLog;
export let admin: Pool;
let running: RunningBilling[] = [];
let subscribers: Subscriber[] = [];

/** Committed entries of one partition. */
export const books: BookedEntry[] = [];
export function book(account: string, amount: number, balanceAfter: number): void {
  const seq = String(books.length + 1);
  books.push({
    partition: 0,
    partition_seq: seq,
    crossings: [],
    entry: {
      id: `0-${seq}`,
      account,
      seq,
      kind: 'spent',
      amount: String(amount),
      balance_after: String(balanceAfter),
      held_after: '0',
      used_after: '0',
      unit: 'u',
      contra: 'usage',
      source: 'http:spend',
      request_id: seq,
      ordinal: 0,
      occurred_at: '2026-11-21T12:00:00.000Z',
      recorded_at: '2026-11-21T12:00:00.000Z',
      offset: seq,
    },
  });
}
const ledger: Pick<LedgerQueries, 'catalog' | 'bookedAfter' | 'crossings' | 'usage'> = {
  catalog: () => Promise.resolve([]),
  crossings: () => Promise.resolve({ items: [], next: null }),
  usage: () => Promise.resolve(null),
  bookedAfter: ({ after, limit }) =>
    Promise.resolve({
      items: books
        .filter(({ partition_seq: seq }) => after.some(({ seq: from }) => BigInt(seq) > BigInt(from)))
        .slice(0, limit),
      heads: [{ partition: 0, seq: String(books.length) }],
    }),
};

export type Received = { readonly headers: IncomingHttpHeaders; readonly body: string };
/** A subscriber on loopback that answers as it is told. */
export class Subscriber {
  readonly received: Received[] = [];
  answer: (index: number) => number | 'hang' = () => 200;
  readonly #server: Server;
  private constructor(server: Server) {
    this.#server = server;
  }
  static async start(): Promise<Subscriber> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString('utf8')));
      request.on('end', () => {
        subscriber.received.push({ headers: request.headers, body });
        const status = subscriber.answer(subscriber.received.length);
        if (status !== 'hang') response.writeHead(status).end('not read');
      });
    });
    const subscriber = new Subscriber(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    subscribers.push(subscriber);
    return subscriber;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }
  ids(): readonly string[] {
    return this.received.map(({ headers }) => String(headers['webhook-id']));
  }
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export async function start(retriesMs: readonly number[] = [50, 50]): Promise<RunningBilling> {
  const billing = await startBilling({
    databaseUrl: roleUrl(database.url, billingSchema.role, passwordOf(billingSchema.role)),
    eventLog,
    ledger: { ...noWallets, ...ledger },
    clock,
    stripe: { secretKey: 'sk_test_unused', webhookSecret: 'whsec_unused', apiBase: 'http://127.0.0.1:9' },
    logger: createLogger({ service: 'test', level: 'silent' }),
    webhooks: { allowPrivate: true, encryptionKey, retriesMs, timeoutMs: 400 },
  });
  running.push(billing);
  return billing;
}
/** Those that were started have been stopped by the test. */
export const forgetStopped = (): void => {
  running = [];
};
export const endpoint = (
  billing: RunningBilling,
  url: string,
  events: readonly WebhookEventType[] = ['entry.booked'],
  more: object = {},
): Promise<EndpointView & { secret: string }> =>
  billing.queries.createEndpoint({ url, events, account_prefix: `${url}/`, ...more });
export const deliveries = async (billing: RunningBilling, { id }: EndpointView): Promise<readonly DeliveryView[]> =>
  (await billing.queries.listDeliveries({ endpoint: id, limit: 100 })) ?? [];

export async function openWebhooks(): Promise<void> {
  database = await freshDatabase();
  await migrate({ adminUrl: database.url, schemas: [embeddedLogSchema, billingSchema], rolePassword: passwordOf });
  eventLog = await openEmbeddedLog({
    url: roleUrl(database.url, embeddedLogSchema.role, passwordOf(embeddedLogSchema.role)),
    clock,
  });
  await eventLog.createTopics(
    [topics.usageEvents, topics.tierCrossings, topics.billingCharges].map((topic) => ({
      topic,
      partitions: 8,
      retention: 'forever' as const,
    })),
  );
  admin = createPool({ url: database.url, max: 2, applicationName: 'test' });
}

/** After each test. */
export async function endSubscribers(): Promise<void> {
  await Promise.all(running.map((billing) => billing.stop()));
  await Promise.all(subscribers.map((subscriber) => subscriber.stop()));
  await admin.query('update billing.webhook_endpoints set removed_at = now()');
  await admin.query(
    'truncate billing.webhook_messages, billing.webhook_deliveries, billing.webhook_attempts, billing.webhook_feeds',
  );
  [running, subscribers] = [[], []];
}

export async function closeWebhooks(): Promise<void> {
  await admin?.end();
  await eventLog?.close();
  await database?.drop();
}
