import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@tollgate/contracts';

import { checkBooks } from '../../index.ts';
import { LedgerHarness } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => void (harness = await LedgerHarness.start()));
afterAll(() => harness.stop());

const hour = 3_600_000;
const stateOf = async (id: string) => harness.ledger.queries.account({ id });
const inHours = (hours: number): string => new Date(harness.clock.nowMs() + hours * hour).toISOString();
const amountsOf = async (id: string, count: number) =>
  (await harness.ledger.queries.entries({ account: id, limit: count }))!.items
    .map(({ kind, amount }) => `${kind} ${amount}`)
    .reverse();
const correct = (entry: string | undefined, amount?: string) =>
  harness.ask(
    'correct',
    '',
    { entry: entry ?? '', ...(amount === undefined ? {} : { amount }) },
    {},
    Number(entry?.split('-')[0]),
  );

async function wallet(...grants: readonly (readonly [amount: string, hours: number | null])[]): Promise<string> {
  const id = `w-${randomUUID()}`;
  await harness.ask('open', id, { kind: 'wallet', unit: 'u' });
  for (const [amount, hours] of grants)
    await harness.ask('grant', id, { amount, ...(hours === null ? {} : { expires_at: inHours(hours) }) });
  return id;
}

// Guarantee (ADR 10): nobody gains or loses terms by a correction; what had expired stays expired.
describe('a correction after the lot has expired', () => {
  it('gives back what expires at once: nothing lasts longer for having been spent by mistake', async () => {
    const id = await wallet(['10', 1]);
    const { entry } = await harness.ask('spend', id, { amount: '6' });
    await harness.advance(hour);
    expect(await correct(entry?.id)).toMatchObject({
      outcome: 'booked',
      available: '0',
      entry: { kind: 'corrected', amount: '6' },
    });
    expect(await stateOf(id)).toMatchObject({ balance: '0', available: '0', lots: [] });
    expect(await amountsOf(id, 3)).toEqual(['expired -4', 'corrected 6', 'expired -6']);
    await harness.ledger.stop();
    await harness.startLedger();
    expect(await stateOf(id)).toMatchObject({ balance: '0', lots: [] });
    expect((await correct(entry?.id)).problem?.code).toBe('ENTRY_NOT_CORRECTABLE');
  });

  it('over several lots expires the part of each one that has expired, and only the rest comes back', async () => {
    const id = await wallet(['10', 1], ['10', 2], ['10', null]);
    const { entry } = await harness.ask('spend', id, { amount: '24' });
    await harness.advance(hour);
    // 10 of the first lot have expired, 10 of the second last another hour, 4 of the third for ever.
    expect(await correct(entry?.id)).toMatchObject({ available: '20', entry: { amount: '24' } });
    expect(await stateOf(id)).toMatchObject({
      balance: '20',
      lots: [{ left: '10' }, { left: '6', expires_at: null }, { left: '4', expires_at: null }],
    });
    expect(await amountsOf(id, 4)).toEqual(['corrected 10', 'expired -10', 'corrected 10', 'corrected 4']);
    await harness.advance(hour);
    expect(await stateOf(id)).toMatchObject({ balance: '10' });
  });

  it('in parts takes them in the order in which they were burnt', async () => {
    const id = await wallet(['10', 1], ['10', null]);
    const { entry } = await harness.ask('spend', id, { amount: '15' });
    await harness.advance(hour);
    expect(await correct(entry?.id, '12')).toMatchObject({ available: '7' });
    expect(await correct(entry?.id)).toMatchObject({ available: '10', entry: { amount: '3' } });
  });

  it('leaves to an open hold what it reserves, until it ends', async () => {
    const id = await wallet(['10', 1], ['5', null]);
    const { entry } = await harness.ask('spend', id, { amount: '10' });
    const { hold } = await harness.ask('hold', id, { amount: '5', expires_in_ms: 24 * hour });
    await harness.advance(hour);
    expect(await correct(entry?.id)).toMatchObject({ available: '0' });
    expect(await stateOf(id)).toMatchObject({ balance: '5', held: '5' });
    await harness.ask('release', id, { hold: hold!.hold_id });
    expect(await stateOf(id)).toMatchObject({ balance: '5', available: '5', lots: [{ left: '5', expires_at: null }] });
  });

  it('pays no debt with what had expired', async () => {
    const id = `w-${randomUUID()}`;
    await harness.ask('open', id, { kind: 'wallet', unit: 'u', settings: { overdraft: '100' } });
    await harness.ask('grant', id, { amount: '10', expires_at: inHours(1) });
    // 10 from the lot and 5 from the overdraft.
    const { entry } = await harness.ask('spend', id, { amount: '15' });
    await harness.advance(hour);
    const { entry: after } = await harness.ask('spend', id, { amount: '7' });
    expect(await stateOf(id)).toMatchObject({ balance: '-12' });
    expect(await correct(entry?.id, '12')).toMatchObject({ available: '90', entry: { amount: '12' } });
    expect(await stateOf(id)).toMatchObject({ balance: '-10' });
    await correct(entry?.id);
    expect(await stateOf(id)).toMatchObject({ balance: '-7' });
    await correct(after?.id);
    expect(await stateOf(id)).toMatchObject({ balance: '0', lots: [] });
  });

  it('takes overdraft for what it was: no lot, whose expiry it would have', async () => {
    const id = `w-${randomUUID()}`;
    await harness.ask('open', id, { kind: 'wallet', unit: 'u', settings: { overdraft: '100' } });
    await harness.ask('grant', id, { amount: '10', expires_at: inHours(1), kind: 'purchased' });
    const { entry } = await harness.ask('spend', id, { amount: '15' });
    await harness.ask('grant', id, { amount: '20' });
    await correct(entry?.id);
    expect(await stateOf(id)).toMatchObject({ balance: '30' });
    await harness.advance(hour);
    expect(await stateOf(id)).toMatchObject({
      balance: '20',
      lots: [{ left: '15' }, { left: '5', priority: 100, expires_at: null }],
    });
  });

  it('leaves a licence inactive that nothing came back to', async () => {
    const id = `k-${randomUUID()}`;
    await harness.ask('open', id, { kind: 'licence', unit: 't' });
    await harness.ask('grant', id, { amount: '1', expires_at: inHours(1) });
    const { entry } = await harness.ask('spend', id, { amount: '1' });
    await harness.advance(hour);
    expect((await correct(entry?.id)).outcome).toBe('booked');
    expect(await stateOf(id)).toMatchObject({ status: 'inactive', balance: '0' });
  });

  it('counts as not used all the same, on the budgets above too', async () => {
    const family = `f-${randomUUID()}`;
    await harness.ask('open', family, { kind: 'metered', unit: 'u', settings: { limit: '100' } });
    await harness.ask('open', `${family}/w`, { kind: 'wallet', unit: 'u' });
    await harness.ask('grant', `${family}/w`, { amount: '10', expires_at: inHours(1) });
    const { entry } = await harness.ask('spend', `${family}/w`, { amount: '8' });
    await harness.advance(hour);
    await correct(entry?.id);
    expect(await stateOf(family)).toMatchObject({ used: '0' });
    expect(await stateOf(`${family}/w`)).toMatchObject({ balance: '0', used: '0' });
  });

  it('holds for withdrawn late requests too; a withdrawn correction takes nothing that had expired', async () => {
    const id = await wallet(['10', 1], ['5', null]);
    await harness.ask('spend', id, { amount: '7' }, { id: 'late' });
    const { entry } = await harness.ask('spend', id, { amount: '3' });
    await harness.advance(hour);
    await harness.ask('withdraw', id, { source: 'http:spend', id: 'late' });
    expect(await stateOf(id)).toMatchObject({ balance: '5', lots: [{ left: '5', expires_at: null }] });
    await harness.ask('correct', '', { entry: entry!.id }, { id: 'late-correction' }, Number(entry!.id.split('-')[0]));
    await harness.ask('withdraw', id, { source: 'http:correct', id: 'late-correction', entry: entry!.id });
    expect(await stateOf(id)).toMatchObject({ balance: '5' });
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
