import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Answer } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';

import { checkBooks } from '../../index.ts';
import { LedgerHarness, partitions } from '../../testing/ledger-harness.ts';

const hour = 3_600_000;
const M = 1_000_000;
let harness: LedgerHarness;
beforeAll(async () => void (harness = await LedgerHarness.start()));
afterAll(async () => {
  const { drifts, trialBalance } = await checkBooks({
    databaseUrl: harness.url,
    readLog: async (partition, to) => ({
      start: 0,
      batches: harness.log.read({ topic: topics.usageEvents, partition, from: 0, to }),
    }),
  });
  await harness.stop();
  expect([drifts, trialBalance]).toEqual([[], '0']);
});

const open = (id: string, limit?: number) =>
  harness.ask('open', id, {
    kind: 'metered',
    unit: 'tokens',
    settings: { plan: 'default', ...(limit === undefined ? {} : { limit: String(limit) }) },
  });
const give = (id: string, amount: number, hours = 24) =>
  harness.ask('grant', id, {
    amount: String(amount),
    expires_at: new Date(harness.clock.nowMs() + hours * hour).toISOString(),
  });
const spend = (id: string, amount: number) => harness.ask('spend', id, { amount: String(amount) });
const blocks = (answer: Answer) => answer.crossings?.map(({ billing_tier: tier }) => tier) ?? [];
const correct = (id: string, answer: Answer, amount?: number) =>
  harness.ask(
    'correct',
    '',
    { entry: answer.entry!.id, ...(amount === undefined ? {} : { amount: String(amount) }) },
    {},
    partitionOf(id, partitions),
  );
const state = async (id: string) => {
  const { used, lots } = (await harness.ledger.queries.account({ id }))!;
  return [Number(used), lots.map(({ left }) => Number(left))];
};

// Guarantee: goodwill that a customer was given is used before anything is counted, and so before a block is charged.
it('is used before units are counted and blocks are charged, over a restart', async () => {
  await open('kind');
  await give('kind', 3 * M);
  const first = await spend('kind', 10 * M);
  // 3 of the 10 million are goodwill; 7 are counted, of 8 that are included.
  expect([blocks(first), await state('kind'), first.entry?.amount]).toEqual([[], [7 * M, []], '-10000000']);
  await harness.ledger.stop();
  await harness.startLedger();
  expect(blocks(await spend('kind', M))).toEqual([]);
  expect(blocks(await spend('kind', 1))).toEqual(['8M-16M']);
  expect(await state('kind')).toEqual([8 * M + 1, []]);
  // What is given back goes back where it came from: 3 million of goodwill, 7 million counted ones.
  await correct('kind', first);
  expect(await state('kind')).toEqual([M + 1, [3 * M]]);
  await spend('kind', 4 * M);
  expect(await state('kind')).toEqual([2 * M + 1, []]);
});

it('has an end: what is left expires, and what a correction gives back after it expires at once', async () => {
  await open('ends');
  expect((await harness.ask('grant', 'ends', { amount: '5' })).problem?.code).toBe('REQUEST_INVALID');
  await give('ends', 100, 2);
  const early = await spend('ends', 30);
  await harness.advance(2 * hour);
  expect(await state('ends')).toEqual([0, []]);
  await spend('ends', 50);
  expect(await state('ends')).toEqual([50, []]);
  await correct('ends', early);
  expect(await state('ends')).toEqual([50, []]);
});

it('is beyond the limit of its account, and within the budgets above', async () => {
  await open('org', 100);
  await open('org/team', 50);
  await give('org/team', 20);
  const outcome = async (id: string, amount: number) => (await spend(id, amount)).problem?.refusal ?? 'booked';
  expect((await harness.ledger.queries.account({ id: 'org/team' }))!.available).toBe('70');
  expect(await outcome('org/team', 71)).toMatchObject({ account: 'org/team', available: '70' });
  expect(await outcome('org/team', 70)).toBe('booked');
  expect(await outcome('org/team', 1)).toMatchObject({ account: 'org/team', available: '0' });
  expect((await harness.ledger.queries.account({ id: 'org' }))!.used).toBe('70');
});

it('can be taken back as far as it was not used', async () => {
  await open('taken');
  const given = await give('taken', 100);
  await spend('taken', 40);
  expect((await correct('taken', given, 61)).problem?.code).toBe('ENTRY_NOT_CORRECTABLE');
  await correct('taken', given, 60);
  expect(await state('taken')).toEqual([0, []]);
  await spend('taken', 5);
  expect(await state('taken')).toEqual([5, []]);
});
