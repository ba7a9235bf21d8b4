import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestData } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';

import { checkBooks } from '../../index.ts';
import { LedgerHarness } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start();
  await harness.ask('open', 'w', { kind: 'wallet', unit: 'u', grant: '100000' });
  await harness.ask('open', 'm', { kind: 'metered', unit: 'u' });
  await harness.ask('open', 'q', { kind: 'quota', unit: 'u', settings: { limit: '100000' } });
});
afterAll(() => harness.stop());

const usage = (inputs: Record<string, string | number>): RequestData['spend'] => ({
  meter: 'llm.tokens',
  inputs: { input_tokens: 86, output_tokens: 300, ...inputs },
});
const booked = { account: 'w', meter: 'llm.tokens' };
const balance = async () => (await harness.ledger.queries.account({ id: 'w' }))?.balance;

// Guarantee: the same usage costs the same whichever way it comes, and no quantity is priced at nothing without a word.
describe('quantities of usage', () => {
  it('that nobody knows are refused by name, with nothing booked, on accounts that count too', async () => {
    for (const id of ['w', 'm', 'q']) {
      expect((await harness.ask('spend', id, usage({ cached_tokens: 50 }))).problem).toMatchObject({
        code: 'QUANTITY_UNKNOWN',
        detail: expect.stringContaining('cached_tokens'),
      });
    }
    expect(await balance()).toBe('100000');
  });

  it('of a class without a rate are refused by name, and taken once the card rates it', async () => {
    expect((await harness.ask('spend', booked.account, usage({ cache_read_tokens: 1920 }))).problem).toMatchObject({
      code: 'QUANTITY_UNPRICED',
      detail: expect.stringContaining('cache_read_tokens is 1920'),
    });
    expect((await harness.ask('spend', booked.account, usage({ cache_read_tokens: 0 }))).entry).toMatchObject({
      amount: '-75',
    });
    const item = {
      catalog: 'rate-card' as const,
      name: 'default',
      version: 2,
      effective_from: '2026-11-21T10:00:00.000Z',
      content: { meters: { 'llm.tokens': { rates: { '*': { cache_read_tokens: '1/100' } } } } },
    };
    await Promise.all(Array.from({ length: 4 }, (_, partition) => harness.ask('catalog', '', { item }, {}, partition)));
    // 86 × 0, ceil(1920 / 100) = 20, ceil(300 / 4) = 75.
    expect((await harness.ask('spend', booked.account, usage({ cache_read_tokens: 1920 }))).entry).toMatchObject({
      amount: '-95',
      rate: { version: 2, inputs: { input_tokens: '86', cache_read_tokens: '1920', output_tokens: '300' } },
    });
  });

  it('are settled from a hold by the same rules', async () => {
    const held = async () => (await harness.ask('hold', 'w', { amount: '500', expires_in_ms: 60_000 })).hold!.hold_id;
    const hold = await held();
    const settle = (inputs: Record<string, number>) => harness.ask('settle', 'w', { hold, ...usage(inputs), of: 'w' });
    expect((await settle({ cached: 1 })).problem?.code).toBe('QUANTITY_UNKNOWN');
    expect((await settle({ cache_read_tokens: 1920 })).entry).toMatchObject({ amount: '-95' });
  });

  it('are counted once on accounts that count: the sum of the token classes', async () => {
    // 86 + 1,920 + 300 = 2,306 tokens; a request and two searches are no tokens.
    for (const id of ['m', 'q']) {
      const { entry } = await harness.ask(
        'spend',
        id,
        usage({ cache_read_tokens: 1920, requests: 1, web_searches: 2 }),
      );
      expect(entry).toMatchObject({ amount: '-2306', used_after: '2306' });
      expect(await harness.ledger.queries.explain({ id: entry!.id })).toMatchObject({ result: '-2306' });
    }
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
