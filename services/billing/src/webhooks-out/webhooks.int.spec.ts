import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type BookedEntry,
  type DeliveryView,
  type EndpointView,
  type LedgerQueries,
  topics,
  type WebhookEventType,
} from '@tollgate/contracts';
import { embeddedLogSchema, type EventLog, openEmbeddedLog } from '@tollgate/messaging';
import { createPool, migrate, openEntities, rolePassword, roleUrl } from '@tollgate/persistence';
import { createLogger } from '@tollgate/service-kit';
import { fakeClock, type FreshDatabase, freshDatabase, waitFor } from '@tollgate/testing';
import type { Pool } from 'pg';

import { billingSchema, type RunningBilling, startBilling } from '../index.ts';
import { entities } from '../postgres/entities.ts';
import { noWallets } from '../testing/wallets.ts';
import { webhookStore } from './postgres/webhook-store.ts';
import { secretBox } from './sending/secret-box.ts';
import { webhookHeaders } from './sending/webhook-signature.ts';

const passwordOf = (role: string): string => rolePassword('a secret of this test', role);
const clock = fakeClock(Date.parse('2026-11-21T12:00:00Z'));
const encryptionKey = 'a key of this test';
let database: FreshDatabase;
let eventLog: EventLog;
let admin: Pool;
let running: RunningBilling[] = [];
let subscribers: Subscriber[] = [];

/** Committed entries of one partition. */
const books: BookedEntry[] = [];
function book(account: string, amount: number, balanceAfter: number): void {
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

type Received = { readonly headers: IncomingHttpHeaders; readonly body: string };
/** A subscriber on loopback that answers as it is told. */
class Subscriber {
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

async function start(retriesMs: readonly number[] = [50, 50]): Promise<RunningBilling> {
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
const endpoint = (
  billing: RunningBilling,
  url: string,
  events: readonly WebhookEventType[] = ['entry.booked'],
  more: object = {},
): Promise<EndpointView & { secret: string }> =>
  billing.queries.createEndpoint({ url, events, account_prefix: `${url}/`, ...more });
const deliveries = async (billing: RunningBilling, { id }: EndpointView): Promise<readonly DeliveryView[]> =>
  (await billing.queries.listDeliveries({ endpoint: id, limit: 100 })) ?? [];

beforeAll(async () => {
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
});
afterEach(async () => {
  await Promise.all(running.map((billing) => billing.stop()));
  await Promise.all(subscribers.map((subscriber) => subscriber.stop()));
  await admin.query('update billing.webhook_endpoints set removed_at = now()');
  await admin.query(
    'truncate billing.webhook_messages, billing.webhook_deliveries, billing.webhook_attempts, billing.webhook_feeds',
  );
  [running, subscribers] = [[], []];
});
afterAll(async () => {
  await admin?.end();
  await eventLog?.close();
  await database?.drop();
});

describe('a signature', () => {
  it('is that of Standard Webhooks, by its published example', () => {
    const headers = webhookHeaders(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' },
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      1_614_265_330_000,
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});

describe('a subscriber', () => {
  it(
    'hears of every entry that it asked for, from its registration on, signed with the secret that it was ' + 'shown',
    async () => {
      const [billing, subscriber] = [await start(), await Subscriber.start()];
      book(`${subscriber.url}/before`, -1, 9);
      const { secret } = await endpoint(billing, subscriber.url);
      book(`${subscriber.url}/a`, -1, 9);
      book('somebody else', -1, 9);
      book(`${subscriber.url}/b`, 5, 14);
      await waitFor('two deliveries', () => Promise.resolve(subscriber.received.length >= 2));
      expect(
        subscriber.received.map(({ body }) => (JSON.parse(body) as { data: { account: string } }).data.account).sort(),
      ).toEqual([`${subscriber.url}/a`, `${subscriber.url}/b`]);
      for (const { headers, body } of subscriber.received) {
        const signed = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64')).update(
          `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`,
        );
        expect(headers['webhook-signature']).toBe(`v1,${signed.digest('base64')}`);
        expect(Math.abs(Number(headers['webhook-timestamp']) * 1000 - Date.now())).toBeLessThan(10_000);
      }
      expect(JSON.stringify(await billing.queries.listEndpoints({}))).not.toContain(secret);
    },
  );

  // Guarantee: reading the database, or a backup of it, is not enough to forge an event.
  it('has a secret that the database alone does not tell, nor another row', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    const [one, other] = [await endpoint(billing, subscriber.url), await endpoint(billing, subscriber.url)];
    const { rows } = await admin.query<{ id: string; secret: string; row: string }>(
      'select id, secret, e::text as row from billing.webhook_endpoints e where removed_at is null',
    );
    for (const { secret } of [one, other])
      for (const { row } of rows) {
        expect(row).not.toContain(secret.slice('whsec_'.length));
        expect(row).not.toContain(Buffer.from(secret.slice('whsec_'.length), 'base64').toString('hex'));
      }
    const sealed = rows.find(({ id }) => id === one.id)!.secret;
    const box = secretBox(encryptionKey);
    expect([
      box.open(sealed, one.id),
      box.open(sealed, other.id),
      secretBox('another key of 16').open(sealed, one.id),
      box.open(
        sealed.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A')),
        one.id,
      ),
    ]).toEqual([one.secret, null, null, null]);
  });

  it(
    'gets a new secret that takes over from the one before: both sign for a ' + 'while, then the new one alone',
    async () => {
      const [billing, subscriber] = [await start(), await Subscriber.start()];
      const made = await endpoint(billing, subscriber.url);
      const rotated = await billing.queries.rotateSecret({ id: made.id, overlap_s: 3_600 });
      expect(rotated).toMatchObject({
        id: made.id,
        secret: expect.stringMatching(/^whsec_/),
        secret_before_until: expect.any(String),
      });
      expect(Date.parse(rotated!.secret_before_until) - Date.now()).toBeGreaterThan(3_500_000);
      const signedBy = ({ headers, body }: Received, secrets: readonly string[]): void => {
        const by = (secret: string) =>
          `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
            .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`)
            .digest('base64')}`;
        expect(headers['webhook-signature']).toBe(secrets.map(by).join(' '));
      };
      book(`${subscriber.url}/a`, -1, 9);
      await waitFor('the first delivery', () => Promise.resolve(subscriber.received.length === 1));
      signedBy(subscriber.received[0]!, [rotated!.secret, made.secret]);
      await admin.query(
        "update billing.webhook_endpoints set secret_before_until = now() - interval '1 second' where id = $1",
        [made.id],
      );
      book(`${subscriber.url}/b`, -1, 9);
      await waitFor('the second delivery', () => Promise.resolve(subscriber.received.length === 2));
      signedBy(subscriber.received[1]!, [rotated!.secret]);
      const last = await billing.queries.rotateSecret({ id: made.id, overlap_s: 0 });
      book(`${subscriber.url}/c`, -1, 9);
      await waitFor('the third delivery', () => Promise.resolve(subscriber.received.length === 3));
      signedBy(subscriber.received[2]!, [last!.secret]);
      for (const overlap of [-1, 604_801, 1.5])
        await expect(billing.queries.rotateSecret({ id: made.id, overlap_s: overlap })).rejects.toMatchObject({
          code: 'REQUEST_INVALID',
        });
      expect(await billing.queries.rotateSecret({ id: randomUUID() })).toBeNull();
    },
  );

  it('can be sent a test event, whatever it asked for, which nobody else hears', async () => {
    const [billing, subscriber, other] = [await start(), await Subscriber.start(), await Subscriber.start()];
    const made = await endpoint(billing, subscriber.url, ['charge.opened']);
    await endpoint(billing, other.url);
    const sent = await billing.queries.testEndpoint({ id: made.id });
    await waitFor('the test', () => Promise.resolve(subscriber.received.length === 1));
    expect(subscriber.ids()).toEqual([sent!.message_id]);
    expect(JSON.parse(subscriber.received[0]!.body)).toEqual({
      type: 'webhook.test',
      timestamp: expect.any(String),
      data: { endpoint: made.id },
    });
    await waitFor('its outcome', async () => (await deliveries(billing, made))[0]?.status === 'delivered');
    expect((await deliveries(billing, made))[0]).toMatchObject({ type: 'webhook.test', log: [{ status_code: 200 }] });
    expect(other.received).toEqual([]);
    expect(await billing.queries.testEndpoint({ id: randomUUID() })).toBeNull();
  });

  it(
    'hears once a limit and period that a share of it is used or held, and each time that a balance falls so ' + 'far',
    async () => {
      const [billing, subscriber] = [await start(), await Subscriber.start()];
      const made = await endpoint(billing, subscriber.url, ['account.threshold'], { thresholds: [100, 50, 80, 80] });
      expect(made.thresholds).toEqual([50, 80, 100]);
      const took = (of: 'limit' | 'balance', before: number, after: number, period: string | null = null): void => {
        book(`${subscriber.url}/a`, -1, 9);
        const last = books.length - 1;
        books[last] = {
          ...books[last]!,
          taken: [{ of, whole: '200', before: String(before), after: String(after), period_start: period }],
        };
      };
      const told = (): readonly string[] =>
        subscriber.received
          .map(({ body }) => {
            const { type, data } = JSON.parse(body) as {
              type: string;
              data: { of: string; share: number; taken: string; period_start: string | null };
            };
            return `${type} ${data.of} ${data.share} ${data.taken} ${data.period_start ?? '-'}`;
          })
          .sort();
      const [november, december] = ['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'];
      took('limit', 0, 99, november);
      took('limit', 99, 160, november);
      // Given back, and used again: the period has been told of.
      took('limit', 90, 170, november);
      took('limit', 0, 160, december);
      took('balance', 150, 200);
      took('balance', 150, 200);
      const all = [
        'account.threshold balance 100 200 -',
        'account.threshold balance 100 200 -',
        'account.threshold balance 80 200 -',
        'account.threshold balance 80 200 -',
        `account.threshold limit 50 160 ${november}`,
        `account.threshold limit 50 160 ${december}`,
        `account.threshold limit 80 160 ${november}`,
        `account.threshold limit 80 160 ${december}`,
      ].sort();
      await waitFor('the thresholds', () => Promise.resolve(told().length >= all.length));
      expect(told()).toEqual(all);
      expect(new Set(subscriber.ids()).size).toBe(all.length);
      for (const thresholds of [[], [0], [101], [1.5]])
        await expect(endpoint(billing, subscriber.url, ['account.threshold'], { thresholds })).rejects.toMatchObject({
          code: 'REQUEST_INVALID',
        });
      expect((await billing.queries.changeEndpoint({ id: made.id, fields: { thresholds: [90] } }))?.thresholds).toEqual(
        [90],
      );
    },
  );

  it('hears once that a balance fell below its bound, on the way down only', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    await endpoint(billing, subscriber.url, ['balance.low'], { balance_below: '100' });
    for (const [amount, after] of [
      [-50, 150],
      [-50, 100],
      [-1, 99],
      [-9, 90],
      [60, 150],
      [-60, 90],
    ] as const)
      book(`${subscriber.url}/w`, amount, after);
    await waitFor('two deliveries', () => Promise.resolve(subscriber.received.length >= 2));
    expect(
      subscriber.received.map(({ body }) => (JSON.parse(body) as { data: { balance: string } }).data.balance).sort(),
    ).toEqual(['90', '99']);
  });

  it(
    'that fails is told again under the same id, and after the last pause the delivery has failed, until it is ' +
      'replayed',
    async () => {
      const [billing, subscriber] = [await start(), await Subscriber.start()];
      const made = await endpoint(billing, subscriber.url);
      subscriber.answer = () => 500;
      book(`${subscriber.url}/x`, -1, 1);
      await waitFor('the end of the attempts', async () => (await deliveries(billing, made))[0]?.status === 'failed');
      expect(subscriber.received).toHaveLength(3);
      expect(new Set(subscriber.ids()).size).toBe(1);
      const [failed] = await deliveries(billing, made);
      expect(failed).toMatchObject({
        attempts: 3,
        next_try_at: null,
        log: [{ status_code: 500 }, { status_code: 500 }, { status_code: 500, error: 'answered 500' }],
      });
      subscriber.answer = () => 204;
      expect(await billing.queries.replayDeliveries({ endpoint: made.id, delivery: failed!.id })).toEqual({
        replayed: 1,
      });
      await waitFor('the replay', async () => (await deliveries(billing, made))[0]?.status === 'delivered');
      expect(new Set(subscriber.ids()).size).toBe(1);
      expect(await billing.queries.replayDeliveries({ endpoint: made.id, delivery: '999999' })).toBeNull();
    },
  );

  // Guarantee: one subscriber that hangs costs the others nothing.
  it('that hangs holds nobody else up', async () => {
    const [billing, hanging, quick] = [await start(), await Subscriber.start(), await Subscriber.start()];
    hanging.answer = () => 'hang';
    await endpoint(billing, hanging.url);
    await endpoint(billing, quick.url);
    for (let index = 0; index < 30; index++) book(`${hanging.url}/h`, -1, 1);
    for (let index = 0; index < 10; index++) book(`${quick.url}/q`, -1, 1);
    await waitFor('the quick one', () => Promise.resolve(quick.received.length === 10));
    expect(hanging.received.length).toBeLessThan(30);
  });

  it(
    'that is down is told when it is back, also after a restart of ' + 'billing; one that is gone is disabled',
    async () => {
      const [billing, subscriber, gone] = [
        await start([100, 100, 100, 100, 100, 100, 100, 100, 100, 60_000]),
        await Subscriber.start(),
        await Subscriber.start(),
      ];
      subscriber.answer = (index) => (index < 3 ? 503 : 200);
      gone.answer = () => 410;
      const made = await endpoint(billing, subscriber.url);
      const left = await endpoint(billing, gone.url);
      book(`${subscriber.url}/x`, -1, 1);
      book(`${gone.url}/x`, -1, 1);
      await waitFor('a first attempt', () =>
        Promise.resolve(subscriber.received.length > 0 && gone.received.length > 0),
      );
      await billing.stop();
      running = [];
      const again = await start([100, 100, 100, 100]);
      await waitFor('the delivery', async () => (await deliveries(again, made))[0]?.status === 'delivered');
      expect(new Set(subscriber.ids()).size).toBe(1);
      expect(await again.queries.readEndpoint({ id: left.id })).toMatchObject({
        enabled: false,
        disabled_reason: 'it answered 410 Gone',
      });
      expect(await again.queries.changeEndpoint({ id: left.id, fields: { enabled: true } })).toMatchObject({
        enabled: true,
        disabled_reason: null,
      });
    },
  );

  it('is told once of everything by two instances', async () => {
    const [one, two, subscriber] = [await start(), await start(), await Subscriber.start()];
    await endpoint(one, subscriber.url);
    for (let index = 0; index < 120; index++) book(`${subscriber.url}/${index}`, -1, 1);
    await waitFor('all', () => Promise.resolve(subscriber.received.length >= 120));
    await Promise.all([one.stop(), two.stop()]);
    running = [];
    expect(new Set(subscriber.ids()).size).toBe(120);
    expect(subscriber.received).toHaveLength(120);
  });

  // Guarantee: a process killed between claiming and noting an attempt loses no delivery.
  it('is told again, under the same id, of what a killed process was at', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    const made = await endpoint(billing, subscriber.url, ['entry.booked'], { enabled: true });
    await billing.stop();
    running = [];
    const store = webhookStore(admin, () => openEntities(admin, entities), secretBox(encryptionKey));
    const [nowMs, id] = [Date.now(), `msg_${randomUUID()}`];
    await admin.query("insert into billing.webhook_messages values ($1, 'entry.booked', '{}', now())", [id]);
    await admin.query(
      'insert into billing.webhook_deliveries (endpoint, message, status, next_try_at, created_at) values ($1, ' +
        "$2, 'pending', $3, now())",
      [made.id, id, new Date(nowMs)],
    );
    const claim = (atMs: number) => store.claim({ nowMs: atMs, leaseMs: 60_000, perEndpoint: 2, limit: 9, busy: [] });
    expect(await claim(nowMs)).toMatchObject([{ message: id, attempts: 1 }]);
    expect(await claim(nowMs + 59_999)).toEqual([]);
    const [again] = await claim(nowMs + 60_000);
    expect(again).toMatchObject({ message: id, attempts: 2 });
    // The first one comes back after all: it is noted, and decides nothing any more.
    await store.settle(
      { ...again!, attempts: 1 },
      { startedMs: nowMs, durationMs: 1, statusCode: 500, error: 'x' },
      { status: 'failed', nextTryMs: null },
    );
    expect(await claim(nowMs + 120_001)).toMatchObject([{ message: id, attempts: 3 }]);
  });

  it('hears of what becomes of a charge, each event once', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    const account = `${subscriber.url}/payer`;
    await endpoint(billing, subscriber.url, ['charge.opened', 'charge.succeeded']);
    const id = randomUUID();
    await admin.query(
      `insert into billing.charges (id, account, period_start, period_end, block, plan, billing_tier, amount_minor,
        currency, entry, status, version, created_at, updated_at)
      values ($1, $2, '2026-11-01Z', '2026-12-01Z', 1, 'default', '8M-16M', 10000, 'BRL', '0-1', 'succeeded', 3, now(),
        now())`,
      [id, account],
    );
    for (const [number, type] of [
      [1, 'ChargeOpened'],
      [2, 'AttemptStarted'],
      [3, 'ChargeSucceeded'],
    ] as const) {
      await admin.query("insert into billing.charge_events values ($1, $2, $3, 'pending', '{}', now())", [
        id,
        number,
        type,
      ]);
      await admin.query(
        'insert into billing.charge_outbox (charge_id, number, partition, partition_seq, appended_at) values ' +
          '($1, $2, 7, $3, now())',
        [id, number, number],
      );
    }
    await waitFor('both', () => Promise.resolve(subscriber.received.length >= 2));
    expect([...subscriber.ids()].sort()).toEqual([`msg_charge_${id}_1`, `msg_charge_${id}_3`]);
    expect(JSON.parse(subscriber.received[0]!.body)).toMatchObject({
      data: { charge_id: id, amount_minor: '10000', currency: 'BRL', billing_tier: '8M-16M', account },
    });
  });

  it('is refused an address that is no place for money, and events that do not exist', async () => {
    const { queries } = await start();
    for (const url of [
      'ftp://a.example',
      'http://a.example',
      'http://169.254.169.254/x',
      'https://u:p@a.example',
      'nonsense',
      '',
    ]) {
      await expect(queries.createEndpoint({ url })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    }
    await expect(queries.createEndpoint({ url: 'https://a.example', events: [] })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    await expect(
      queries.createEndpoint({ url: 'https://a.example', events: ['no.such' as 'tier.crossed'] }),
    ).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(queries.createEndpoint({ url: 'https://a.example', balance_below: '-1' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect(await queries.removeEndpoint({ id: randomUUID() })).toBeNull();
    const made = await queries.createEndpoint({ url: 'https://a.example' });
    expect(await queries.removeEndpoint({ id: made.id })).toMatchObject({ id: made.id });
    expect(await queries.readEndpoint({ id: made.id })).toBeNull();
  });
});
