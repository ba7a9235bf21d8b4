import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LedgerQueries, type LedgerRequest, type ResourceFields, topics } from '@tollgate/contracts';
import { embeddedLogSchema, type EventLog, openEmbeddedLog } from '@tollgate/messaging';
import { migrate, rolePassword, roleUrl } from '@tollgate/persistence';
import { createLogger } from '@tollgate/service-kit';
import { fakeClock, type FreshDatabase, freshDatabase } from '@tollgate/testing';

import { billingSchema, type RunningBilling, startBilling } from '../index.ts';
import { noWallets } from '../testing/wallets.ts';

const passwordOf = (role: string): string => rolePassword('a secret of this test', role);
const clock = fakeClock(Date.UTC(2026, 10, 21, 12));
const partitions = 2;
/** Nothing here is charged. */
const stripe = { secretKey: 'sk_test_unused', webhookSecret: 'whsec_unused', apiBase: 'http://127.0.0.1:9' };
let database: FreshDatabase;
let eventLog: EventLog;
let instances: readonly RunningBilling[];

/** What a partition has booked, as far as its log says. */
async function booked(partition: number): Promise<readonly LedgerRequest<'catalog'>[]> {
  const found: LedgerRequest<'catalog'>[] = [];
  for await (const records of eventLog.read({ topic: topics.usageEvents, partition, from: 0 })) {
    found.push(...records.map(({ value }) => JSON.parse(value) as LedgerRequest<'catalog'>));
  }
  return found;
}
const ledger: Pick<LedgerQueries, 'catalog' | 'bookedAfter' | 'crossings' | 'usage'> = {
  bookedAfter: () => Promise.resolve({ items: [], heads: [] }),
  crossings: () => Promise.resolve({ items: [], next: null }),
  usage: () => Promise.resolve(null),
  catalog: async () =>
    (await booked(partitions - 1)).map(
      ({
        data: {
          item: { name, version },
        },
      }) => ({ name, version, partitions, of: partitions }),
    ),
};

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
  const databaseUrl = roleUrl(database.url, billingSchema.role, passwordOf(billingSchema.role));
  const logger = createLogger({ service: 'test', level: 'silent' });
  instances = await Promise.all(
    [0, 1].map(() =>
      startBilling({
        databaseUrl,
        eventLog,
        ledger: { ...noWallets, ...ledger },
        clock,
        logger,
        stripe,
        webhooks: { encryptionKey: 'a key of this test' },
        publishWaitMs: 5_000,
      }),
    ),
  );
});
afterAll(async () => {
  await Promise.all((instances ?? []).map((billing) => billing.stop()));
  await eventLog?.close();
  await database?.drop();
});

const queries = (index = 0) => instances[index]!.queries;
const feature = (id: string) =>
  queries().createResource({ resource: 'features', id, fields: { name: id, is_active: true } });
const profit = (fields: ResourceFields, index = 0) =>
  queries(index).createResource({ resource: 'token-profits', fields: { is_active: true, ...fields } });
const newestCard = async () =>
  (await queries().listCatalog({ catalog: 'rate-card', name: 'default' })).reduce((a, b) =>
    b.version > a.version ? b : a,
  );

describe('a resource of the catalog', () => {
  it('is made under the given id or a new one, listed newest first, changed and removed', async () => {
    const { item } = await feature('f1');
    expect(item).toMatchObject({ id: 'f1', name: 'f1', description: null, is_active: true });
    const own = await queries().createResource({ resource: 'features', fields: { name: 'unnamed', is_active: true } });
    expect(own.item.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await queries().listResources({ resource: 'features', offset: 0, limit: 1 })).toEqual({
      items: [own.item],
      total: 2,
    });
    expect(
      await queries().changeResource({ resource: 'features', id: 'f1', fields: { description: 'd' } }),
    ).toMatchObject({ description: 'd', name: 'f1' });
    expect(await queries().removeResource({ resource: 'features', id: own.item.id })).toMatchObject({
      name: 'unnamed',
    });
    expect(await queries().readResource({ resource: 'features', id: own.item.id })).toBeNull();
    expect(await queries().changeResource({ resource: 'features', id: 'nobody', fields: { name: 'x' } })).toBeNull();
  });

  it('has one id, and may be made again once it was removed', async () => {
    await feature('twice');
    await expect(feature('twice')).rejects.toMatchObject({ kind: 'conflict', code: 'RESOURCE_EXISTS' });
    await queries().removeResource({ resource: 'features', id: 'twice' });
    expect((await feature('twice')).item.id).toBe('twice');
  });

  it('names features that exist, and these cannot be removed meanwhile', async () => {
    await feature('named');
    const endpoint = (named: string) =>
      queries().createResource({
        resource: 'feature-endpoints',
        id: `e-${named}`,
        fields: { feature: named, path: '/x', minimum_token: 5, is_active: true },
      });
    await expect(endpoint('nobody')).rejects.toMatchObject({
      kind: 'invalid',
      details: { sources: [{ path: 'feature' }] },
    });
    expect((await endpoint('named')).item).toMatchObject({ feature: 'named', minimum_token: 5, method: null });
    await expect(queries().removeResource({ resource: 'features', id: 'named' })).rejects.toMatchObject({
      code: 'RESOURCE_IN_USE',
    });
    const pack = { name: 'p', features: ['named', 'nobody'], token: 10, overdraft: 'forbid' };
    await expect(queries().createResource({ resource: 'packages', fields: pack })).rejects.toMatchObject({
      details: { sources: [{ path: 'features' }] },
    });
  });

  it('is made once under one key, also by two at once, and other content under it is refused', async () => {
    const once = (name: string, index = 0) =>
      queries(index).createResource({ resource: 'features', fields: { name, is_active: true }, key: 'k' });
    const [a, b] = await Promise.all([once('same', 0), once('same', 1)]);
    expect(a.item).toEqual(b.item);
    expect([a.replayed, b.replayed].sort()).toEqual([false, true]);
    await expect(once('other')).rejects.toMatchObject({ kind: 'reused' });
  });

  it('is what start and end need, sent again only after a change; a removed package keeps its terms', async () => {
    await feature('sold');
    await queries().createResource({
      resource: 'packages',
      id: 'gone',
      fields: { name: 'gone', features: ['sold'], token: 10, duration_days: 3, overdraft: 'forbid' },
    });
    await queries().removeResource({ resource: 'packages', id: 'gone' });
    const catalog = await queries().tokenCatalog({});
    expect(catalog?.packages).toContainEqual({
      id: 'gone',
      features: ['sold'],
      token: 10,
      duration_days: 3,
      overdraft: 'forbid',
      removed: true,
    });
    expect(await queries().tokenCatalog({ known: catalog!.tag })).toBeNull();
    await queries().changeResource({ resource: 'features', id: 'named', fields: { is_active: false } });
    expect((await queries().tokenCatalog({ known: catalog!.tag }))?.endpoints).toEqual([
      { id: 'e-named', feature: 'named', minimum_token: 5, active: false },
    ]);
  });
});

describe('the active profits', () => {
  it('are published with every change, booked in every partition before the answer, and keep rates', async () => {
    await queries().publishCatalog({
      catalog: 'rate-card',
      name: 'default',
      content: { meters: { 'llm.tokens': { rates: { '*': { output_tokens: '1/2' } } } } },
    });
    const { item } = await profit({ percentage: 12.35 });
    expect(item).toMatchObject({ percentage: 12.35, is_active: true });
    expect(await newestCard()).toMatchObject({
      status: 'booked',
      content: { profit_percent: 12.35, meters: { 'llm.tokens': { rates: { '*': { output_tokens: '1/2' } } } } },
    });
    const second = await profit({ percentage: 7.65 });
    expect((await newestCard()).content).toMatchObject({ profit_percent: 20 });
    await queries().changeResource({ resource: 'token-profits', id: second.item.id, fields: { is_active: false } });
    expect((await newestCard()).content).toMatchObject({ profit_percent: 12.35 });
    await queries().removeResource({ resource: 'token-profits', id: item.id });
    expect((await newestCard()).content).toMatchObject({ profit_percent: 0 });
  });

  it('stay on a card that names no percentage of its own', async () => {
    const { item } = await profit({ percentage: 5 });
    await queries().publishCatalog({ catalog: 'rate-card', name: 'default', content: {} });
    expect((await newestCard()).content).toEqual({ profit_percent: 5 });
    await queries().removeResource({ resource: 'token-profits', id: item.id });
  });

  // Guarantee: whoever races, the newest card says what is active, in every partition.
  it('of racing changes at two instances end in a card that equals them', async () => {
    const made = await Promise.all([1, 2, 3, 4, 5, 6].map((percentage, index) => profit({ percentage }, index % 2)));
    await Promise.all([
      queries(0).changeResource({ resource: 'token-profits', id: made[0]!.item.id, fields: { percentage: 10 } }),
      queries(1).removeResource({ resource: 'token-profits', id: made[5]!.item.id }),
      queries(0).changeResource({ resource: 'token-profits', id: made[1]!.item.id, fields: { is_active: false } }),
    ]);
    const newest = await newestCard();
    expect(newest).toMatchObject({ status: 'booked', content: { profit_percent: 10 + 3 + 4 + 5 } });
    for (let partition = 0; partition < partitions; partition++) {
      expect((await booked(partition)).at(-1)?.data.item).toMatchObject({
        version: newest.version,
        content: newest.content,
      });
    }
  });

  it('add up to 1000 percent at most', async () => {
    for (let index = 0; index < 9; index++) await profit({ percentage: 100 });
    await expect(profit({ percentage: 100 })).rejects.toMatchObject({
      kind: 'invalid',
      details: { sources: [{ path: 'percentage' }] },
    });
  });
});
