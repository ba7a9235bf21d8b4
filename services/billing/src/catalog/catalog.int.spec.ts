import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type LedgerQueries, type LedgerRequest, topics } from '@tollgate/contracts';
import { embeddedLogSchema, type EventLog, openEmbeddedLog } from '@tollgate/messaging';
import { createPool, migrate, rolePassword, roleUrl } from '@tollgate/persistence';
import { createLogger } from '@tollgate/service-kit';
import { fakeClock, type FreshDatabase, freshDatabase, waitFor } from '@tollgate/testing';

import { billingSchema, type RunningBilling, startBilling } from '../index.ts';
import { noWallets } from '../testing/wallets.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
const passwordOf = (role: string): string => rolePassword('a secret of this test', role);
const partitions = 4;
/** Nothing here is charged. */
const stripe = { secretKey: 'sk_test_unused', webhookSecret: 'whsec_unused', apiBase: 'http://127.0.0.1:9' };
const content = { profit_percent: 20 };
const nowMs = Date.UTC(2026, 10, 21, 12);
const at = (ms: number): string => new Date(ms).toISOString();

let database: FreshDatabase;
let eventLog: EventLog;
let deaf = false;
let running: RunningBilling[] = [];
const clock = fakeClock(nowMs);

/** Every catalog request in the log, a list a partition. */
async function requests(): Promise<readonly (readonly LedgerRequest<'catalog'>[])[]> {
  return Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const found: LedgerRequest<'catalog'>[] = [];
      for await (const records of eventLog.read({ topic: topics.usageEvents, partition, from: 0 })) {
        found.push(...records.map(({ value }) => JSON.parse(value) as LedgerRequest<'catalog'>));
      }
      return found;
    }),
  );
}

/** A ledger that has booked what its partitions hold, or (deaf) nothing. */
const ledger: Pick<LedgerQueries, 'catalog' | 'bookedAfter' | 'crossings' | 'usage'> = {
  bookedAfter: () => Promise.resolve({ items: [], heads: [] }),
  crossings: () => Promise.resolve({ items: [], next: null }),
  usage: () => Promise.resolve(null),
  catalog: async () => {
    const booked = deaf
      ? []
      : (await requests()).flatMap((each) => [
          ...new Set(each.map(({ data }) => `${data.item.name} ${data.item.version}`)),
        ]);
    return [...new Set(booked)].map((key) => {
      const [name = '', version = ''] = key.split(' ');
      return {
        name,
        version: Number(version),
        partitions: booked.filter((other) => other === key).length,
        of: partitions,
      };
    });
  },
};

/** The same log, which takes no record. */
const unwritable = (log: EventLog): EventLog => ({
  append: () => Promise.reject(new Error('crashed here')),
  subscribe: (options) => log.subscribe(options),
  read: (range) => log.read(range),
  describe: (topic) => log.describe(topic),
  createTopics: (specs) => log.createTopics(specs),
  prune: (range) => log.prune(range),
  check: () => log.check(),
  close: () => log.close(),
});

async function start(
  options: { readonly log?: EventLog; readonly publishWaitMs?: number } = {},
): Promise<RunningBilling> {
  const databaseUrl = roleUrl(database.url, billingSchema.role, passwordOf(billingSchema.role));
  const billing = await startBilling({
    databaseUrl,
    eventLog: options.log ?? eventLog,
    ledger: { ...noWallets, ...ledger },
    clock,
    logger,
    stripe,
    webhooks: { encryptionKey: 'a key of this test' },
    publishWaitMs: options.publishWaitMs ?? 5_000,
  });
  running.push(billing);
  return billing;
}

beforeAll(async () => {
  database = await freshDatabase();
  await migrate({ adminUrl: database.url, schemas: [embeddedLogSchema, billingSchema], rolePassword: passwordOf });
  eventLog = await openEmbeddedLog({
    url: roleUrl(database.url, embeddedLogSchema.role, passwordOf(embeddedLogSchema.role)),
    clock,
  });
  await eventLog.createTopics(
    [topics.usageEvents, topics.tierCrossings].map((topic) => ({ topic, partitions, retention: 'forever' as const })),
  );
});
beforeEach(async () => {
  deaf = false;
  await Promise.all(running.map((billing) => billing.stop()));
  running = [];
});
afterAll(async () => {
  await Promise.all(running.map((billing) => billing.stop()));
  await eventLog?.close();
  await database?.drop();
});

describe('a rate card', () => {
  it('is in every partition, once, when its publication is answered as booked', async () => {
    const { queries } = await start();
    const published = await queries.publishCatalog({ catalog: 'rate-card', name: 'first', content });
    expect(published).toMatchObject({
      name: 'first',
      version: 1,
      effective_from: at(nowMs),
      status: 'booked',
      content,
    });
    for (const each of await requests()) {
      expect(each.filter(({ id }) => id === 'rate-card/first/1')).toEqual([
        expect.objectContaining({
          type: 'catalog',
          source: 'catalog',
          account: '',
          data: { item: expect.objectContaining({ version: 1, content }) },
        }),
      ]);
    }
  });

  it('gets the next version of its name, and the first again under the same key', async () => {
    const { queries } = await start();
    const publish = (percent: number) =>
      queries.publishCatalog({ catalog: 'rate-card', name: 'second', content: { profit_percent: percent }, key: 'k1' });
    expect((await publish(1)).version).toBe(1);
    expect((await publish(1)).version).toBe(1);
    expect((await queries.publishCatalog({ catalog: 'rate-card', name: 'second', content })).version).toBe(2);
    await expect(publish(2)).rejects.toMatchObject({ kind: 'reused', code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('is never back-dated, by no millisecond', async () => {
    const { queries } = await start();
    const from = (ms: number) =>
      queries.publishCatalog({ catalog: 'rate-card', name: 'third', content, effective_from: at(ms) });
    await expect(from(nowMs - 1)).rejects.toMatchObject({ kind: 'conflict', code: 'CATALOG_CONFLICT' });
    expect((await from(nowMs)).effective_from).toBe(at(nowMs));
    expect((await from(nowMs + 1)).effective_from).toBe(at(nowMs + 1));
  });

  it('that cannot be read is refused and not kept', async () => {
    const { queries } = await start();
    await expect(
      queries.publishCatalog({ catalog: 'rate-card', name: 'bad', content: { profit_percent: 1001 } }),
    ).rejects.toMatchObject({ code: 'CATALOG_INVALID' });
    await expect(queries.publishCatalog({ catalog: 'rate-card', name: 'Not Plain', content })).rejects.toMatchObject({
      code: 'CATALOG_INVALID',
    });
    await expect(
      queries.publishCatalog({ catalog: 'price-list' as 'price-plan', name: 'plan', content: {} }),
    ).rejects.toMatchObject({ code: 'CATALOG_INVALID' });
    expect(await queries.listCatalog({ catalog: 'rate-card', name: 'bad' })).toEqual([]);
  });

  it('stays pending while a partition has not booked it, and is booked later without being asked', async () => {
    deaf = true;
    const { queries } = await start({ publishWaitMs: 100 });
    expect((await queries.publishCatalog({ catalog: 'rate-card', name: 'slow', content })).status).toBe('pending');
    deaf = false;
    await waitFor(
      'booked',
      async () => (await queries.listCatalog({ catalog: 'rate-card', name: 'slow' }))[0]?.status === 'booked',
    );
  });

  // Guarantee: a crash between the commit of a version and its broadcast never leaves partitions with different prices.
  it('that was committed before a crash reaches every partition after the restart', async () => {
    const before = await start({ log: unwritable(eventLog), publishWaitMs: 50 });
    expect((await before.queries.publishCatalog({ catalog: 'rate-card', name: 'crash', content })).status).toBe(
      'pending',
    );
    await before.stop();
    running = [];
    await Promise.all([start(), start()]);
    await waitFor('broadcast', async () =>
      (await requests()).every((each) => each.some(({ id }) => id === 'rate-card/crash/1')),
    );
    for (const each of await requests()) expect(each.filter(({ id }) => id === 'rate-card/crash/1')).toHaveLength(1);
  });

  it('published by two instances at once gets two versions, and every partition has them in one order', async () => {
    const instances = await Promise.all([start(), start()]);
    const publications = Array.from({ length: 6 }, (_, i) =>
      instances[i % 2]!.queries.publishCatalog({ catalog: 'rate-card', name: 'race', content: { profit_percent: i } }),
    );
    const versions = (await Promise.all(publications)).map(({ version }) => version).sort();
    expect(versions).toEqual([1, 2, 3, 4, 5, 6]);
    for (const each of await requests()) {
      expect(each.filter(({ data }) => data.item.name === 'race').map(({ data }) => data.item.version)).toEqual(
        versions,
      );
    }
  });

  it('once published cannot be changed or removed, and the built-in one is version 1 of default', async () => {
    const { queries } = await start();
    const pool = createPool({ url: database.url, max: 1, applicationName: 'test' });
    await expect(pool.query("update billing.catalog_versions set content = '{}'")).rejects.toThrow('immutable');
    await expect(pool.query('truncate billing.catalog_versions cascade')).rejects.toThrow('immutable');
    await pool.end();
    expect(await queries.listCatalog({ catalog: 'rate-card', name: 'default' })).toEqual([
      expect.objectContaining({ version: 1, status: 'booked' }),
    ]);
    expect((await queries.publishCatalog({ catalog: 'rate-card', name: 'default', content })).version).toBe(2);
  });
});

describe('a price plan', () => {
  const plan = { included: 1_000, block: 100, block_price: 5, fixed_fee: 0, currency: 'JPY' };

  it('is version 2 of default beside the built-in one, and in every partition once it is answered', async () => {
    const { queries } = await start();
    expect(await queries.publishCatalog({ catalog: 'price-plan', name: 'default', content: plan })).toMatchObject({
      version: 2,
      status: 'booked',
      content: plan,
    });
    for (const each of await requests()) expect(each.filter(({ id }) => id === 'price-plan/default/2')).toHaveLength(1);
    expect(
      (await queries.listCatalog({ catalog: 'price-plan', name: 'default' })).map(({ version }) => version),
    ).toEqual([2, 1]);
  });

  it('is refused and not kept when back-dated, in effect with another version, or unreadable', async () => {
    const { queries } = await start();
    const publish = (content: unknown, ms: number) =>
      queries.publishCatalog({ catalog: 'price-plan', name: 'once', content, effective_from: at(ms) });
    expect((await publish(plan, nowMs + 5)).version).toBe(1);
    await expect(publish(plan, nowMs + 5)).rejects.toMatchObject({ kind: 'conflict', code: 'CATALOG_CONFLICT' });
    await expect(publish(plan, nowMs - 1)).rejects.toMatchObject({ kind: 'conflict', code: 'CATALOG_CONFLICT' });
    await expect(publish({ ...plan, block: 0 }, nowMs + 6)).rejects.toMatchObject({
      kind: 'invalid',
      code: 'CATALOG_INVALID',
      message: expect.stringContaining('block'),
    });
    await expect(publish({ ...plan, time_zone: 'Nowhere/Land' }, nowMs + 6)).rejects.toMatchObject({
      code: 'CATALOG_INVALID',
    });
    expect(await queries.listCatalog({ catalog: 'price-plan', name: 'once' })).toHaveLength(1);
    expect((await publish(plan, nowMs + 4)).version).toBe(2);
  });

  // Guarantee: two operators who publish at the same moment cannot leave it open which of two prices counts.
  it('published ten times for one moment is one version', async () => {
    const instances = await Promise.all([start(), start()]);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        instances[i % 2]!.queries.publishCatalog({
          catalog: 'price-plan',
          name: 'race',
          content: { ...plan, block_price: i },
        }),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of await requests())
      expect(each.filter(({ data }) => data.item.name === 'race' && data.item.catalog === 'price-plan')).toHaveLength(
        1,
      );
  });
});

it('says that it is ready while database and log are', async () => {
  const billing = await start();
  expect(await billing.health()).toEqual({
    ready: true,
    parts: [
      { name: 'database', up: true },
      { name: 'log', up: true },
    ],
  });
});
