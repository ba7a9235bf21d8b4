import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type CatalogItem, topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import { waitFor } from '@tollgate/testing';

import { checkBooks } from '../../index.ts';
import { LedgerHarness } from '../../testing/ledger-harness.ts';

const day = 86_400_000;
let harness: LedgerHarness;
beforeAll(async () => void (harness = await LedgerHarness.start()));
afterAll(() => harness.stop());

const content = { included: 100, block: 10, block_price: 7, fixed_fee: 50, currency: 'JPY' };
/** Publishes in every partition, as billing does. */
async function publish(
  version: number,
  more: object = {},
  name = 'default',
  effective = new Date(harness.clock.nowMs()).toISOString(),
): Promise<void> {
  const item: CatalogItem = {
    catalog: 'price-plan',
    name,
    version,
    effective_from: effective,
    content: { ...content, ...more },
  };
  const partitions = (await harness.log.describe(topics.usageEvents)).partitions;
  const asking = { id: `price-plan/${name}/${version}`, source: 'catalog' };
  await Promise.all(partitions.map(({ partition }) => harness.ask('catalog', '', { item }, asking, partition)));
}
const open = (id: string, plan = 'default') =>
  harness.ask('open', id, { kind: 'metered', unit: 'tokens', settings: { plan } });
const spend = async (id: string, amount: number) =>
  (await harness.ask('spend', id, { amount: String(amount) })).crossings?.map(
    ({ plan, plan_version: version, billing_tier: tier, amount_minor: price, currency, period }) =>
      `${period.start.slice(0, 13)} ${plan} ${version} ${tier} ${price} ${currency}`,
  ) ?? [];
const usage = (id: string, ms: number) => harness.ledger.queries.usage({ account: id, at: new Date(ms).toISOString() });
const drifts = async () =>
  (
    await checkBooks({
      databaseUrl: harness.url,
      readLog: async (partition, to) => ({
        start: 0,
        batches: harness.log.read({ topic: topics.usageEvents, partition, from: 0, to }),
      }),
    })
  ).drifts;

// Guarantee: a customer pays what the plan said when the month began, whatever is published or restarted since (rule
// 17).
it('prices a month by the version at its start, over publications, restarts and a rebuild', async () => {
  const november = harness.clock.nowMs();
  await open('before');
  await publish(2);
  expect(await spend('before', 8_000_001)).toEqual(['2026-11-01T00 default 1 8M-16M 10000 BRL']);
  // Opened at the same moment, after the publication: the version that its customer saw.
  await open('after');
  expect(await spend('after', 111)).toEqual([
    '2026-11-01T00 default 2 100-110 7 JPY',
    '2026-11-01T00 default 2 110-120 7 JPY',
  ]);
  expect(await usage('before', november)).toMatchObject({
    plan: { name: 'default', version: 1, fixed_fee: '40000', currency: 'BRL', tier: '8M-16M' },
  });
  expect(await usage('after', november)).toMatchObject({
    plan: { version: 2, fixed_fee: '50', currency: 'JPY', tier: '110-120' },
  });

  await publish(3, { block_price: 9, time_zone: 'America/Sao_Paulo' }, 'default', '2026-12-15T00:00:00.000Z');
  await harness.advance(15 * day);
  expect(await spend('before', 101)).toEqual(['2026-12-01T00 default 2 100-110 7 JPY']);

  await harness.ledger.stop();
  await harness.startLedger();
  await harness.advance(15 * day);
  expect(await spend('before', 10)).toEqual(['2026-12-01T00 default 2 110-120 7 JPY']);
  // December ends where January begins in the zone of the plan it began with; January in the zone of its own.
  await harness.advance(Date.parse('2027-02-01T02:59:59Z') - harness.clock.nowMs());
  expect(await spend('before', 101)).toEqual(['2027-01-01T00 default 3 100-110 9 JPY']);
  await harness.advance(2_000);
  expect(await spend('before', 101)).toEqual(['2027-02-01T03 default 3 100-110 9 JPY']);
  expect(await usage('before', november)).toMatchObject({
    used: '8000001',
    plan: { version: 1 },
    crossings: [{ amount_minor: '10000', currency: 'BRL' }],
  });
  expect(await drifts()).toEqual([]);
});

it('an account that changes its plan is priced by the new one from the next month on', async () => {
  const id = 'changes-plan';
  await publish(1, { block_price: 3 }, 'pro');
  await open(id);
  const change = (plan: string | null) => harness.ask('change', id, { settings: { plan } });
  await change('pro');
  expect((await spend(id, 101)).map((each) => each.slice(14))).toEqual(['default 3 100-110 9 JPY']);
  await harness.advance(31 * day);
  expect((await spend(id, 101)).map((each) => each.slice(14))).toEqual(['pro 1 100-110 3 JPY']);
  await change(null);
  expect((await spend(id, 10)).map((each) => each.slice(14))).toEqual(['pro 1 110-120 3 JPY']);
  await harness.advance(31 * day);
  expect(await spend(id, 1_000)).toEqual([]);
  expect(await drifts()).toEqual([]);
});

it('tells billing price and name of each block, so that nobody need look the plan up', async () => {
  const id = 'told';
  await open(id);
  await spend(id, 101);
  const partition = partitionOf(id, (await harness.log.describe(topics.usageEvents)).partitions.length);
  const told = await waitFor('the crossing', async () => {
    for await (const records of harness.log.read({ topic: topics.tierCrossings, partition, from: 0 })) {
      const found = records
        .map(({ value }) => JSON.parse(value) as Record<string, unknown>)
        .find(({ account }) => account === id);
      if (found) return found;
    }
    return false;
  });
  // The same through the feed of the books, from any place on, a page at a time, each entry once and in order.
  const { heads } = await harness.ledger.queries.bookedAfter({ after: [], limit: 1 });
  const seen: string[] = [];
  for (let seq = '0', page = ['']; page.length > 0;) {
    const { items } = await harness.ledger.queries.bookedAfter({ after: [{ partition, seq }], limit: 2 });
    page = items.map((item) => item.partition_seq);
    seen.push(...page);
    seq = page.at(-1) ?? seq;
    if (items.some(({ crossings }) => crossings.some(({ charge_id: id }) => id === told['charge_id'])))
      expect(items.some(({ entry }) => entry.account === 'told')).toBe(true);
  }
  expect(seen).toEqual(
    Array.from({ length: Number(heads.find((head) => head.partition === partition)?.seq) }, (_, index) =>
      String(index + 1),
    ),
  );
  expect(told).toMatchObject({
    type: 'TierCrossed',
    plan: 'default',
    plan_version: 3,
    billing_tier: '100-110',
    amount_minor: '9',
    currency: 'JPY',
    block: '1',
  });
});

it('shows every block of a stretch of periods once, a page at a time, with the entry that entered it', async () => {
  const { queries } = harness.ledger;
  const [from, to] = ['2026-11-01T00:00:00.000Z', '2027-12-01T00:00:00.000Z'];
  const seen = new Map<string, string>();
  let [pages, after] = [0, undefined as string | undefined];
  do {
    const page = await queries.crossings({ from, to, limit: 2, ...(after === undefined ? {} : { after }) });
    for (const { charge_id: id, account, block, entry } of page.items) {
      expect(seen.has(id)).toBe(false);
      seen.set(id, `${account} ${block}`);
      expect(await queries.entry({ id: entry })).toMatchObject({ account });
    }
    pages++;
    after = page.next ?? undefined;
  } while (after !== undefined);
  expect(pages).toBeGreaterThan(3);
  const told = (await queries.usage({ account: 'told', at: new Date(harness.clock.nowMs()).toISOString() }))!.crossings;
  expect(told.map(({ charge_id: id }) => seen.get(id))).toEqual(['told 1']);
  const { items } = await queries.crossings({ from, to: '2026-11-01T00:00:00.001Z', limit: 100 });
  expect(items.every(({ period }) => period.start === from)).toBe(true);
  expect((await queries.crossings({ from: to, to: from, limit: 100 })).items).toEqual([]);
  await expect(queries.crossings({ from, to, limit: 1, after: 'x' })).rejects.toMatchObject({ kind: 'invalid' });
});
