import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TierChange } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';

import { checkBooks } from '../../index.ts';
import { LedgerHarness } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => void (harness = await LedgerHarness.start()));
afterAll(() => harness.stop());

const day = 86_400_000;
const settings = { allowance: '5', base_allowance: '5', tier: 'free', period: 'P30D' };
const stateOf = async (id: string) => harness.ledger.queries.account({ id });
const change = (id: string, data: TierChange) => harness.ask('tier', id, data);
const pro = (days = 30): TierChange => ({ change: 'raise', tier: 'pro', allowance: '100', days });
const spend = (id: string, amount: number) => harness.ask('spend', id, { amount: String(amount) });

/** 5 credits of the free tier and 50 bought ones. */
async function withBought(): Promise<string> {
  const id = `credits:${randomUUID()}`;
  await harness.ask('open', id, { kind: 'credits', unit: 'credits', settings });
  await harness.ask('grant', id, { amount: '50', kind: 'purchased' });
  return id;
}

// Guarantee: what a customer paid for is used by the customer, and by nothing else.
describe('bought credits', () => {
  it('are shown as such, and burn after those of the tier', async () => {
    const id = await withBought();
    expect(await stateOf(id)).toMatchObject({
      available: '55',
      lots: [
        { left: '5', priority: 100 },
        { left: '50', priority: 200, kind: 'purchased' },
      ],
    });
    await spend(id, 7);
    expect(await stateOf(id)).toMatchObject({ lots: [{ left: '48', kind: 'purchased' }] });
  });

  it('stay through an upgrade, its end and a downgrade, and are counted by none', async () => {
    const id = await withBought();
    await change(id, pro(1));
    expect(await stateOf(id)).toMatchObject({ available: '150' });
    await harness.advance(day);
    expect(await stateOf(id)).toMatchObject({ available: '55', settings: { tier: 'free' } });
    await change(id, pro());
    await spend(id, 60);
    await change(id, { change: 'lower' });
    expect(await stateOf(id)).toMatchObject({
      available: '55',
      lots: [{ left: '5' }, { left: '50', kind: 'purchased' }],
    });
  });

  it('that are partly used stay as they are, and are not filled up', async () => {
    const id = await withBought();
    await spend(id, 20);
    expect(await stateOf(id)).toMatchObject({ available: '35' });
    await change(id, { change: 'lower' });
    expect(await stateOf(id)).toMatchObject({ available: '40' });
  });

  it('are not counted by a monthly refill, on its day or by hand', async () => {
    const id = await withBought();
    await spend(id, 3);
    await change(id, { change: 'reset' });
    expect(await stateOf(id)).toMatchObject({ available: '55' });
    await spend(id, 5);
    await harness.advance(30 * day);
    expect(await stateOf(id)).toMatchObject({ available: '55' });
    await change(id, { change: 'renew', tier: 'pro', allowance: '100', days: 30 });
    expect(await stateOf(id)).toMatchObject({ available: '150' });
  });

  it('that a hold reserves are neither wiped nor given twice', async () => {
    const id = await withBought();
    const { hold } = await harness.ask('hold', id, { amount: '10', expires_in_ms: 60 * day });
    // The hold has the 5 of the tier and 5 bought ones: 5 of the tier come again, 45 bought ones are free.
    await change(id, { change: 'lower' });
    expect(await stateOf(id)).toMatchObject({ balance: '60', held: '10', available: '50' });
    await harness.ask('release', id, { hold: hold!.hold_id });
    await change(id, { change: 'lower' });
    expect(await stateOf(id)).toMatchObject({ available: '55' });
  });

  it('that a correction gives back are bought ones again, also after a restart', async () => {
    const id = await withBought();
    const { entry } = await spend(id, 15);
    await harness.ledger.stop();
    await harness.startLedger();
    await harness.ask('correct', '', { entry: entry!.id }, {}, Number(entry!.id.split('-')[0]));
    await change(id, { change: 'lower' });
    expect(await stateOf(id)).toMatchObject({ available: '55', balance: '55' });
  });

  it('leave the figures of an account without any as they are', async () => {
    const id = `credits:${randomUUID()}`;
    await harness.ask('open', id, { kind: 'credits', unit: 'credits', settings });
    await harness.ask('grant', id, { amount: '50' });
    await change(id, { change: 'lower' });
    expect(await stateOf(id)).toMatchObject({ available: '5' });
    expect((await harness.ask('grant', id, { amount: '1', kind: 'rented' as never })).problem?.code).toBe(
      'REQUEST_INVALID',
    );
  });
});

describe('an explanation', () => {
  const explain = async (id: string | undefined) => harness.ledger.queries.explain({ id: id ?? '' });
  const usage = { meter: 'llm.tokens', inputs: { input_tokens: 100, output_tokens: 480 } };

  it('ends with the amount of the entry, sign included, whatever lots it burned', async () => {
    const id = `w-${randomUUID()}`;
    await harness.ask('open', id, { kind: 'wallet', unit: 'u', grant: '100' });
    await harness.ask('grant', id, { amount: '50' });
    const { entry } = await harness.ask('spend', id, usage);
    // 480 / 4 = 120: 100 from the first grant, 20 from the second.
    const items = (await harness.ledger.queries.entries({ account: id, limit: 2 }))!.items;
    expect(items.map(({ amount }) => amount)).toEqual(['-20', '-100']);
    expect(await explain(entry?.id)).toMatchObject({
      result: '-100',
      steps: [
        { step: 'input_tokens', result: '0' },
        { step: 'output_tokens', result: '120' },
        { step: 'base', result: '120' },
        { step: 'cost', result: '120' },
        { step: 'amount', result: '-100' },
      ],
    });
    expect(await explain(items[0]?.id)).toMatchObject({ result: '-20' });
    const corrected = await harness.ask('correct', '', { entry: entry!.id }, {}, Number(entry!.id.split('-')[0]));
    for (const item of [
      ...(await harness.ledger.queries.entries({ account: id, limit: 9 }))!.items,
      corrected.entry!,
    ]) {
      if (item.id === corrected.entry!.id) continue;
      expect((await explain(item.id))?.result).toBe(item.amount);
    }
  });

  it('of usage that is counted, or costs nothing, is signed too', async () => {
    const id = `m-${randomUUID()}`;
    await harness.ask('open', id, { kind: 'metered', unit: 'u' });
    const counted = await harness.ask('spend', id, usage);
    expect(await explain(counted.entry?.id)).toMatchObject({
      result: '-580',
      steps: [
        { formula: 'input_tokens 100 + output_tokens 480', result: '580' },
        { step: 'amount', result: '-580' },
      ],
    });
    const free = await harness.ask('spend', id, { meter: 'llm.tokens', inputs: { input_tokens: 0, output_tokens: 0 } });
    expect(await explain(free.entry?.id)).toMatchObject({ result: '0' });
  });
});

it('leaves books that add up, and that the log decides again', async () => {
  const { drifts } = await checkBooks({
    databaseUrl: harness.url,
    readLog: async (partition, to) => ({
      start: 0,
      batches: harness.log.read({ topic: topics.usageEvents, partition, from: 0, to }),
    }),
  });
  expect(drifts).toEqual([]);
});
