import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PackageTerms } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import type { LogRecord } from '@tollgate/messaging';

import { checkBooks } from '../../index.ts';
import { LedgerHarness, partitions } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
let count = 0;
let id = '';
beforeAll(async () => void (harness = await LedgerHarness.start()));
afterAll(() => harness.stop());
beforeEach(async () => {
  id = `wallet:u${++count}`;
  await harness.ask('open', id, { kind: 'wallet', unit: 'token', grant: '100' });
});

/** Decided again in batches of one, so that every look-up into the past must stop at its record (rule 30). */
async function* oneByOne(batches: AsyncIterable<readonly LogRecord[]>): AsyncIterable<readonly LogRecord[]> {
  for await (const batch of batches) for (const record of batch) yield [record];
}
const usage = (output: number) => ({
  meter: 'llm.tokens',
  inputs: { input_tokens: 7, output_tokens: output, model: 'm', feature_endpoint_id: 'e/1' },
});
const none: PackageTerms = { package: null, overdraft: true };
const until = (ms: number): string => new Date(harness.clock.nowMs() + ms).toISOString();
const givePackage = (amount: string, ms: number, asking = {}) =>
  harness.ask('grant', id, { amount, settings: { package: 'pro', package_expires: until(ms) } }, asking);

describe('under the terms of a package', () => {
  it('usage goes into overdraft where they allow it, and is refused with its cost where they do not', async () => {
    expect(await harness.ask('spend', id, { ...usage(480), terms: { package: null, overdraft: false } })).toMatchObject(
      {
        outcome: 'refused',
        problem: { code: 'ALLOWANCE_EXHAUSTED', refusal: { asked: '120', available: '100' } },
        state: { balance: '100' },
      },
    );
    expect(await harness.ask('spend', id, { ...usage(480), terms: none })).toMatchObject({
      outcome: 'booked',
      entry: {
        amount: '-120',
        balance_after: '-20',
        rate: { version: 1, inputs: { input_tokens: '7', model: 'm', feature_endpoint_id: 'e/1' } },
      },
    });
  });

  it('usage that costs nothing is recorded with its inputs', async () => {
    expect(await harness.ask('spend', id, { ...usage(0), terms: none })).toMatchObject({
      outcome: 'booked',
      entry: { amount: '0', balance_after: '100' },
    });
  });

  it('nothing is decided for another package than the believed one, and the refusal tells which it is', async () => {
    await givePackage('5', 60_000);
    expect(await harness.ask('spend', id, { ...usage(4), terms: none })).toMatchObject({
      outcome: 'refused',
      problem: { code: 'PACKAGE_CHANGED' },
      state: { balance: '105', settings: { package: 'pro' } },
    });
  });

  it('a hold is refused by asker, expiry, minimum, too little, in this order; it never takes overdraft', async () => {
    await harness.ask('spend', id, { ...usage(360), terms: none });
    await givePackage('5', 60_000);
    const hold = async (amount: string, terms: PackageTerms) => {
      const { outcome, problem } = await harness.ask('hold', id, {
        amount,
        expires_in_ms: 1_000,
        terms: { package: 'pro', unexpired: true, ...terms },
      });
      return [outcome, problem?.code, problem?.refusal?.asked];
    };
    await harness.ask('change', id, { settings: { overdraft: 'unlimited' } });
    expect(await hold('15', {})).toEqual(['booked', undefined, undefined]);
    expect(await hold('1', { minimum: '1' })).toEqual(['refused', 'ALLOWANCE_EXHAUSTED', '1']);
    expect(await hold('3', { minimum: '0' })).toEqual(['refused', 'ALLOWANCE_EXHAUSTED', '3']);
    await harness.advance(60_000);
    expect(await hold('1', { minimum: '99' })).toEqual(['refused', 'PACKAGE_EXPIRED', undefined]);
    expect(await hold('1', { refused: 'not served' })).toEqual(['refused', 'TERMS_REFUSED', undefined]);
  });

  it('a repeat of what was booked gets its first answer, whatever the terms are by then', async () => {
    const asking = { id: 'k', keyed: true, hash: 'a'.repeat(32) };
    const first = await harness.ask('spend', id, { ...usage(40), terms: none }, asking);
    const again = await harness.ask('spend', id, { ...usage(40), terms: { package: 'pro', refused: 'gone' } }, asking);
    expect([again.replayed, again.entry]).toEqual([true, first.entry]);
  });
});

describe('a hold that is settled by rated usage', () => {
  const hold = async (amount: string) =>
    (await harness.ask('hold', id, { amount, expires_in_ms: 60_000, terms: none })).hold!.hold_id;
  const settle = (named: string, output: number, more = {}) =>
    harness.ask(
      'settle',
      id,
      { hold: named, ...usage(output), of: id, if_over: 'spend', terms: none, ...more },
      {},
      partitionOf(id, partitions),
    );

  it('books the cost, gives the rest back, and takes more than was held from overdraft', async () => {
    expect(await settle(await hold('60'), 160)).toMatchObject({
      outcome: 'booked',
      entry: { kind: 'settled', amount: '-40', balance_after: '60', held_after: '0', rate: { version: 1 } },
    });
    expect(await settle(await hold('60'), 400)).toMatchObject({
      outcome: 'booked',
      entry: { balance_after: '-40', held_after: '0' },
    });
  });

  it('is booked when it expired meanwhile, and only once', async () => {
    const expired = await hold('60');
    await harness.advance(60_000);
    expect(await settle(expired, 400)).toMatchObject({
      outcome: 'booked',
      entry: { kind: 'settled', amount: '-100', balance_after: '0', held_after: '0' },
    });
    expect(await settle(expired, 400)).toMatchObject({
      outcome: 'refused',
      problem: { code: 'HOLD_ENDED', hold: { status: 'settled' } },
    });
    await harness.ask('grant', id, { amount: '10' });
    const open = await hold('10');
    await settle(open, 4);
    expect(await settle(open, 4)).toMatchObject({ outcome: 'refused', problem: { code: 'HOLD_ENDED' } });
  });

  it('of another account is unknown', async () => {
    const named = await hold('60');
    expect(await settle(named, 4, { of: 'wallet:somebody' })).toMatchObject({
      outcome: 'refused',
      problem: { code: 'HOLD_UNKNOWN' },
    });
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ held: '60', balance: '100' });
  });
});

describe('gifts and packages', () => {
  it('the initial gift is given once, and again only when the first was withdrawn', async () => {
    const give = (request: string) => harness.ask('grant', id, { amount: '50', initial_gift: true }, { id: request });
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map(give));
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['booked', 'refused', 'refused', 'refused']);
    expect(outcomes.find(({ outcome }) => outcome === 'refused')?.problem?.code).toBe('GIFT_GIVEN');
    const winner = ['a', 'b', 'c', 'd'][outcomes.findIndex(({ outcome }) => outcome === 'booked')]!;
    await harness.ask('withdraw', id, { source: 'http:grant', id: winner });
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ balance: '100' });
    expect((await give('e')).outcome).toBe('booked');
  });

  it('a withdrawn package leaves the one before it', async () => {
    await givePackage('5', 60_000);
    const expires = until(60_000);
    await harness.ask(
      'grant',
      id,
      { amount: '7', settings: { package: 'max', package_expires: null } },
      { id: 'late' },
    );
    await harness.ask('withdraw', id, { source: 'http:grant', id: 'late' });
    expect(await harness.ledger.queries.account({ id })).toMatchObject({
      balance: '105',
      settings: { package: 'pro', package_expires: expires },
    });
  });

  it('are kept over a restart, and leave books without drift', async () => {
    await givePackage('5', 60_000);
    await harness.ask('grant', id, { amount: '50', initial_gift: true });
    const before = await harness.ledger.queries.account({ id });
    await harness.ledger.stop();
    await harness.startLedger();
    expect(await harness.ledger.queries.account({ id })).toEqual(before);
    const report = await checkBooks({
      databaseUrl: harness.url,
      readLog: async (partition, to) => ({
        start: 0,
        batches: oneByOne(harness.log.read({ topic: topics.usageEvents, partition, from: 0, to })),
      }),
    });
    expect(report.drifts).toEqual([]);
  });
});
