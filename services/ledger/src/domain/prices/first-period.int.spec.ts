import { afterEach, expect, it } from '@jest/globals';
import { type CatalogItem, topics } from '@tollgate/contracts';

import { checkBooks } from '../../index.ts';
import { LedgerHarness } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
afterEach(() => harness.stop());

async function publish(name: string, zone: string, version = 1): Promise<void> {
  const content = { included: 100, block: 100, block_price: 7, fixed_fee: 50, currency: 'JPY', time_zone: zone };
  const item: CatalogItem = {
    catalog: 'price-plan',
    name,
    version,
    effective_from: new Date(harness.clock.nowMs()).toISOString(),
    content,
  };
  const { partitions } = await harness.log.describe(topics.usageEvents);
  await Promise.all(
    partitions.map(({ partition }) =>
      harness.ask('catalog', '', { item }, { id: `${name}/${version}`, source: 'catalog' }, partition),
    ),
  );
}
const to = (time: string) => harness.advance(Date.parse(time) - harness.clock.nowMs());
const spend = async (account: string, amount: number) =>
  (await harness.ask('spend', account, { amount: String(amount) })).outcome;
const crossed = async (account: string, amount: number) =>
  (await harness.ask('spend', account, { amount: String(amount) })).crossings?.map(({ period }) => period) ?? [];
const periodOf = async (account: string) => (await harness.ledger.queries.account({ id: account }))?.period;
const drifts = async () =>
  (
    await checkBooks({
      databaseUrl: harness.url,
      readLog: async (partition, upTo) => ({
        start: 0,
        batches: harness.log.read({ topic: topics.usageEvents, partition, from: 0, to: upTo }),
      }),
    })
  ).drifts;

/** The first and second month of an account opened at 2026-11-30T20:00Z (the clock of the harness is moved there). */
const zones = [
  // 12:00 on 30 November there: November ends at 08:00Z.
  {
    zone: 'America/Los_Angeles',
    first: ['2026-11-01T07:00:00.000Z', '2026-12-01T08:00:00.000Z'],
    second: '2027-01-01T08:00:00.000Z',
  },
  // 21:00 on 30 November.
  {
    zone: 'Europe/Berlin',
    first: ['2026-10-31T23:00:00.000Z', '2026-11-30T23:00:00.000Z'],
    second: '2026-12-31T23:00:00.000Z',
  },
  // 01:30 on 1 December: its November is over.
  {
    zone: 'Asia/Kolkata',
    first: ['2026-11-30T18:30:00.000Z', '2026-12-31T18:30:00.000Z'],
    second: '2027-01-31T18:30:00.000Z',
  },
  // 09:00 on 1 December.
  {
    zone: 'Pacific/Auckland',
    first: ['2026-11-30T11:00:00.000Z', '2026-12-31T11:00:00.000Z'],
    second: '2027-01-31T11:00:00.000Z',
  },
] as const;

// Guarantee: a monthly limit lets pass its amount a month of the plan, whatever the zone of the plan `default` is (rule
// 17).
it.each(['UTC', 'Asia/Tokyo', 'America/Sao_Paulo'])(
  "is a month in the zone of the account's own plan, beside a default plan in %s",
  async (other) => {
    harness = await LedgerHarness.start();
    if (other !== 'UTC') await publish('default', other, 2);
    for (const { zone } of zones) await publish(zone, zone);
    await to('2026-11-30T20:00:00Z');
    for (const {
      zone,
      first: [start, end],
      second,
    } of zones) {
      const id = `in ${zone}`;
      const { state } = await harness.ask('open', id, {
        kind: 'metered',
        unit: 'tokens',
        settings: { plan: zone, limit: '100' },
      });
      expect([zone, state?.period]).toEqual([zone, { start, end }]);
      expect([await spend(id, 100), await spend(id, 1)]).toEqual(['booked', 'refused']);
      const refused = await harness.ask('spend', id, { amount: '1' });
      expect(refused.problem?.refusal?.resets_at).toBe(end);
      expect(second > end).toBe(true);
    }
    // A millisecond before each month ends the limit still holds, at its end it does not.
    for (const {
      zone,
      first: [, end],
      second,
    } of [...zones].sort((a, b) => a.first[1].localeCompare(b.first[1]))) {
      const id = `in ${zone}`;
      await harness.advance(Date.parse(end) - harness.clock.nowMs() - 1);
      expect([zone, await spend(id, 1)]).toEqual([zone, 'refused']);
      await harness.advance(1);
      expect([zone, await periodOf(id)]).toEqual([zone, { start: end, end: second }]);
      expect([await spend(id, 100), await spend(id, 1)]).toEqual(['booked', 'refused']);
    }
    expect(await drifts()).toEqual([]);
  },
);

it("charges blocks in the month of the plan's zone, and never in two", async () => {
  harness = await LedgerHarness.start();
  await publish('la', 'America/Los_Angeles');
  await to('2026-12-01T03:00:00Z');
  await harness.ask('open', 'acme', { kind: 'metered', unit: 'tokens', settings: { plan: 'la' } });
  // 19:00 on 30 November in Los Angeles.
  expect(await crossed('acme', 101)).toEqual([{ start: '2026-11-01T07:00:00.000Z', end: '2026-12-01T08:00:00.000Z' }]);
  await to('2026-12-01T07:59:59.999Z');
  expect(await crossed('acme', 100)).toHaveLength(1);
  await harness.advance(1);
  expect(await crossed('acme', 100)).toEqual([]);
  expect(await crossed('acme', 1)).toEqual([{ start: '2026-12-01T08:00:00.000Z', end: '2027-01-01T08:00:00.000Z' }]);
  expect(await drifts()).toEqual([]);
});

it('keeps its end when the account changes its plan; the next month ends in the zone of the new one', async () => {
  harness = await LedgerHarness.start();
  await publish('la', 'America/Los_Angeles');
  await publish('auckland', 'Pacific/Auckland');
  await to('2026-12-01T03:00:00Z');
  await harness.ask('open', 'acme', { kind: 'metered', unit: 'tokens', settings: { plan: 'la', limit: '100' } });
  expect(await spend('acme', 60)).toBe('booked');
  await harness.ask('change', 'acme', { settings: { plan: 'auckland' } });
  expect(await periodOf('acme')).toEqual({ start: '2026-11-01T07:00:00.000Z', end: '2026-12-01T08:00:00.000Z' });
  expect([await spend('acme', 41), await spend('acme', 40)]).toEqual(['refused', 'booked']);
  await to('2026-12-01T08:00:00Z');
  // The month under way ended as December began in Los Angeles; December ends where January begins in Auckland.
  expect(await spend('acme', 100)).toBe('booked');
  expect(await periodOf('acme')).toEqual({ start: '2026-12-01T08:00:00.000Z', end: '2026-12-31T11:00:00.000Z' });
  await to('2026-12-31T11:00:00Z');
  expect(await spend('acme', 100)).toBe('booked');
  expect(await periodOf('acme')).toEqual({ start: '2026-12-31T11:00:00.000Z', end: '2027-01-31T11:00:00.000Z' });
  expect(await drifts()).toEqual([]);
});
