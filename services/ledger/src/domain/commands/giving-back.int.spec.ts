import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccountView } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';

import { checkBooks } from '../../index.ts';
import { LedgerHarness, partitions } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start();
});
afterAll(() => harness.stop());

const dayMs = 86_400_000;
const view = (id: string): Promise<AccountView | null> => harness.ledger.queries.account({ id });
const spend = async (id: string, amount: string): Promise<string> =>
  (await harness.ask('spend', id, { amount })).entry?.id ?? '';
const correct = (id: string, entry: string) => harness.ask('correct', '', { entry }, {}, partitionOf(id, partitions));
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

describe('what is given back', () => {
  // Guarantee: nobody gets more than a limit in one period by having the one before corrected.
  it('is taken off a budget in the period that counted it, and off no later one', async () => {
    await harness.ask('open', 'daily', { kind: 'metered', unit: 'u', settings: { limit: '100', period: 'P1D' } });
    await harness.ask('open', 'daily/a', { kind: 'wallet', unit: 'u', grant: '1000' });
    const yesterday = await spend('daily/a', '80');
    await harness.advance(dayMs);
    expect(await correct('daily/a', yesterday)).toMatchObject({ outcome: 'booked' });
    expect(await view('daily')).toMatchObject({ used: '0', available: '100' });
    expect(await correct('daily/a', await spend('daily/a', '30'))).toMatchObject({ outcome: 'booked' });
    expect(await view('daily')).toMatchObject({ used: '0', available: '100' });
    expect(await view('daily/a')).toMatchObject({ balance: '1000' });
  });

  // Guarantee: rule 23; the key whose last unit was taken by a call that was told 503 can be used again.
  it('makes a licence that ran out usable again, a trial as a trial', async () => {
    await harness.ask('open', 'key-1', { kind: 'licence', unit: 't', grant: '1' });
    await correct('key-1', await spend('key-1', '1'));
    expect(await view('key-1')).toMatchObject({ status: 'active', balance: '1' });

    await harness.ask('open', 'key-2', {
      kind: 'licence',
      unit: 't',
      grant: '1',
      status: 'trial',
      settings: { trial_end: '2027-01-01T00:00:00Z' },
    });
    await harness.ask('spend', 'key-2', { amount: '1' }, { id: 'late' });
    expect(await view('key-2')).toMatchObject({ status: 'inactive' });
    await harness.ask('withdraw', 'key-2', { source: 'http:spend', id: 'late' });
    expect(await view('key-2')).toMatchObject({ status: 'trial', balance: '1' });
  });

  // Guarantee: rule 9; a rebuild, which reads the log in larger batches, decides the same again.
  it('keeps its lot and its budgets however the log is batched', async () => {
    const expires = new Date(harness.clock.nowMs() + 5 * dayMs).toISOString();
    await harness.ask('open', 'pieces', { kind: 'metered', unit: 'u', settings: { limit: '100' } });
    await harness.ask('open', 'pieces/a', { kind: 'wallet', unit: 'u' });
    await harness.ask('grant', 'pieces/a', { amount: '10', priority: 1 });
    await harness.ask('grant', 'pieces/a', { amount: '50', priority: 2, expires_at: expires });
    await spend('pieces/a', '30');
    const page = await harness.ledger.queries.entries({ account: 'pieces/a', limit: 1 });
    expect(page?.items[0]).toMatchObject({ amount: '-20', ordinal: 1 });
    await correct('pieces/a', page?.items[0]?.id ?? '');
    expect(await view('pieces')).toMatchObject({ used: '10' });
    expect(await view('pieces/a')).toMatchObject({
      balance: '50',
      lots: [
        { left: '30', priority: 2 },
        { left: '20', priority: 2, expires_at: expires },
      ],
    });
    await harness.advance(6 * dayMs);
    expect(await view('pieces/a')).toMatchObject({ balance: '0' });
    expect(await drifts()).toEqual([]);
  });
});

// Guarantee: correcting the entry that a spend was answered with gives all of it back, however many grants it burned.
describe('a spend of several lots', () => {
  const lots = async (id: string): Promise<string> => {
    await harness.ask('open', id, { kind: 'wallet', unit: 'u' });
    for (const priority of [1, 2, 3]) await harness.ask('grant', id, { amount: '10', priority });
    return spend(id, '25');
  };

  it('is given back as a whole by the entry it was answered with', async () => {
    const entry = await lots('several-1');
    expect(await correct('several-1', entry)).toMatchObject({
      outcome: 'booked',
      entry: { amount: '25', balance_after: '30', corrects: entry },
    });
    expect(await view('several-1')).toMatchObject({ balance: '30', used: '0' });
    expect(await correct('several-1', entry)).toMatchObject({
      outcome: 'refused',
      problem: { code: 'ENTRY_NOT_CORRECTABLE' },
    });
  });

  it('is given back in parts, each unit once, to the lots they came from', async () => {
    const entry = await lots('several-2');
    const part = (amount: string) =>
      harness.ask('correct', '', { entry, amount }, {}, partitionOf('several-2', partitions));
    expect(await part('12')).toMatchObject({ entry: { amount: '12', balance_after: '17' } });
    expect(await part('14')).toMatchObject({ outcome: 'refused' });
    expect(await part('13')).toMatchObject({ entry: { amount: '13', balance_after: '30' } });
    const { lots: left = [] } = (await view('several-2')) ?? {};
    const byPriority = [1, 2, 3].map((priority) =>
      left.filter((lot) => lot.priority === priority).reduce((sum, lot) => sum + Number(lot.left), 0),
    );
    expect(byPriority).toEqual([10, 10, 10]);
  });

  it('gives back of one lot by that entry of it, and of the rest by the first', async () => {
    const entry = await lots('several-3');
    const page = await harness.ledger.queries.entries({ account: 'several-3', limit: 1 });
    expect(await correct('several-3', page?.items[0]?.id ?? '')).toMatchObject({ entry: { amount: '5' } });
    expect(await correct('several-3', entry)).toMatchObject({ entry: { amount: '20', balance_after: '30' } });
    expect(await drifts()).toEqual([]);
  });
});

describe('usage that arrives after its period', () => {
  it('is held to the limit of the period it counts in, whatever the running one has left', async () => {
    const occurred = new Date(harness.clock.nowMs()).toISOString();
    for (const [id, used] of [
      ['full', '90'],
      ['free', '10'],
    ] as const) {
      await harness.ask('open', id, { kind: 'metered', unit: 'u', settings: { limit: '100', period: 'P1D' } });
      await spend(id, used);
    }
    await harness.advance(dayMs + 60_000);
    await spend('free', '100');

    const refused = await harness.ask('spend', 'full', { amount: '50' }, { occurred });
    expect(refused).toMatchObject({
      outcome: 'refused',
      problem: { code: 'ALLOWANCE_EXHAUSTED', refusal: { limit: '100', available: '10' } },
    });
    expect(refused.problem?.refusal).not.toHaveProperty('resets_at');
    expect(await harness.ask('spend', 'free', { amount: '50' }, { occurred })).toMatchObject({
      outcome: 'booked',
      entry: { used_after: '60' },
    });
    expect(await view('free')).toMatchObject({ used: '100', available: '0' });
    expect(await drifts()).toEqual([]);
  });
});
