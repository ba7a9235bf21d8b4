import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestData } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';

import { checkBooks } from '../../index.ts';
import { LedgerHarness } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start();
});
afterAll(() => harness.stop());

const event = (id: string, content: string) => ({ source: 'ce:/free', id, keyed: true, hash: content.repeat(32) });
const entriesOf = async (account: string) => (await harness.ledger.queries.entries({ account, limit: 50 }))!.items;
const freeUsage = { meter: 'llm.tokens', inputs: { input_tokens: 800, output_tokens: 0 } };

// Guarantee: what was reported once is known for ever, whatever it cost then and whatever it would cost today.
describe('usage that costs 0', () => {
  it.each([
    ['metered', freeUsage, '-800'],
    ['wallet', freeUsage, '0'],
    ['licence', freeUsage, '0'],
    ['credits', freeUsage, '0'],
    ['quota', { amount: '0' }, '0'],
    ['wallet', { meter: 'request', inputs: { quantity: 0 } }, '0'],
    ['metered', { meter: 'request', inputs: { quantity: 0 } }, '0'],
    ['wallet', { amount: '0' }, '0'],
  ] as const)('on a %s account is an entry: %j', async (kind, usage, amount) => {
    const id = `free-${kind}-${JSON.stringify(usage).length}`;
    await harness.ask('open', id, { kind, unit: 'u', settings: kind === 'quota' ? { limit: '1000' } : {} });
    const first = await harness.ask('spend', id, usage, event('e-1', 'a'));
    expect(first).toMatchObject({
      outcome: 'booked',
      replayed: false,
      entry: { kind: 'spent', amount, request_id: 'e-1' },
    });
    expect((await entriesOf(id)).filter(({ kind: of }) => of === 'spent')).toHaveLength(1);
  });

  it('keeps its counts, and is not charged when it comes again after the price has changed', async () => {
    await harness.ask('open', 'priced', { kind: 'wallet', unit: 'u', grant: '10000' });
    const first = await harness.ask('spend', 'priced', freeUsage, event('p-1', 'a'));
    expect(first.entry).toMatchObject({
      amount: '0',
      rate: { version: 1, inputs: { input_tokens: '800', output_tokens: '0' } },
    });
    const item = {
      catalog: 'rate-card' as const,
      name: 'default',
      version: 2,
      effective_from: '2026-11-21T10:00:00.000Z',
      content: { meters: { 'llm.tokens': { rates: { '*': { input_tokens: '1', output_tokens: '1' } } } } },
    };
    await Promise.all(Array.from({ length: 4 }, (_, partition) => harness.ask('catalog', '', { item }, {}, partition)));
    expect(await harness.ask('spend', 'priced', freeUsage, event('p-1', 'a'))).toEqual({ ...first, replayed: true });
    expect((await harness.ask('spend', 'priced', freeUsage, event('p-1', 'b'))).problem?.code).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
    await harness.ledger.stop();
    await harness.startLedger();
    expect(await harness.ask('spend', 'priced', freeUsage, event('p-1', 'a'))).toEqual({ ...first, replayed: true });
    expect(await harness.ledger.queries.account({ id: 'priced' })).toMatchObject({ balance: '10000' });
    // New usage costs what the new card says: 800 × 1 + 0 × 1.
    expect((await harness.ask('spend', 'priced', freeUsage, event('p-2', 'c'))).entry).toMatchObject({
      amount: '-800',
      balance_after: '9200',
    });
  });

  it('takes the id for ever: a request with quantity 0, then 7 under the same id, is refused', async () => {
    const request = (quantity: number): RequestData['spend'] => ({ meter: 'request', inputs: { quantity } });
    await harness.ask('open', 'counted', { kind: 'metered', unit: 'u' });
    await harness.ask('spend', 'counted', request(0), event('r-1', 'a'));
    expect((await harness.ask('spend', 'counted', request(7), event('r-1', 'b'))).problem?.code).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
    expect(await harness.ledger.queries.account({ id: 'counted' })).toMatchObject({ used: '0' });
  });

  it('is booked also where nothing is left, because nothing is taken', async () => {
    await harness.ask('open', 'empty', { kind: 'metered', unit: 'u', settings: { limit: '1' } });
    await harness.ask('open', 'empty/below', { kind: 'wallet', unit: 'u', settings: { overdraft: 'unlimited' } });
    await harness.ask('spend', 'empty/below', { amount: '1' });
    await harness.ask('change', 'empty/below', { settings: { overdraft: null } });
    expect(await harness.ask('spend', 'empty/below', { amount: '0' })).toMatchObject({
      outcome: 'booked',
      entry: { amount: '0', balance_after: '-1' },
    });
  });

  it('that comes twice in one batch is one entry', async () => {
    await harness.ask('open', 'twins', { kind: 'wallet', unit: 'u' });
    const twin = harness.record('spend', 'twins', { meter: 'request', inputs: { quantity: 0 } }, event('t-1', 'a'));
    await harness.log.append([twin, twin]);
    expect(await harness.send(twin)).toMatchObject({ outcome: 'booked', replayed: true, entry: { amount: '0' } });
    expect(await entriesOf('twins')).toHaveLength(2);
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
