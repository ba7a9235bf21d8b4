import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TierChange } from '@tollgate/contracts';
import { createMetrics } from '@tollgate/service-kit';
import { waitFor } from '@tollgate/testing';

import { LedgerHarness } from '../../testing/ledger-harness.ts';

const metrics = createMetrics();
let harness: LedgerHarness;
beforeAll(async () => void (harness = await LedgerHarness.start({ metrics })));
afterAll(() => harness.stop());

const day = 86_400_000;
const settings = { allowance: '5', base_allowance: '5', tier: 'free', period: 'P30D' };
const stateOf = async (id: string) => harness.ledger.queries.account({ id });
const change = (id: string, data: TierChange, asking = {}) => harness.ask('tier', id, data, asking);
const pro = (days: number): TierChange => ({ change: 'raise', tier: 'pro', allowance: '100', days });
const renewal = (days: number): TierChange => ({ change: 'renew', tier: 'pro', allowance: '100', days });

async function opened(): Promise<string> {
  const id = `credits:${randomUUID()}`;
  await harness.ask('open', id, { kind: 'credits', unit: 'credits', settings });
  return id;
}
const endMs = async (id: string): Promise<number> => Date.parse((await stateOf(id))?.settings.tier_end ?? '');

describe('a tier', () => {
  it('adds every renewal that races with others to the end', async () => {
    const id = await opened();
    await Promise.all(Array.from({ length: 20 }, () => change(id, renewal(10))));
    expect((await endMs(id)) - harness.clock.nowMs()).toBe(200 * day);
    expect(await stateOf(id)).toMatchObject({ available: '100', settings: { tier: 'pro', allowance: '100' } });
  });

  it('leaves what holds reserve to them, and exactly the base to spend, when it ends', async () => {
    const id = await opened();
    await change(id, pro(1));
    const { hold } = await harness.ask('hold', id, { amount: '1', expires_in_ms: 3 * day });
    await harness.advance(day);
    expect(await stateOf(id)).toMatchObject({
      balance: '6',
      held: '1',
      available: '5',
      settings: { tier: 'free', allowance: '5' },
    });
    await harness.ask('settle', id, { hold: hold?.hold_id ?? '', amount: '1' });
    expect(await stateOf(id)).toMatchObject({ available: '5', used_total: '1' });
  });

  // Guarantee: a renewal that was answered 503 and is sent again adds its days once (rule 23).
  it('is as before when its change is withdrawn, sooner or later, unless it was changed since', async () => {
    const id = await opened();
    await change(id, renewal(10), { id: 'late' });
    await harness.ask('withdraw', id, { source: 'http:tier', id: 'late' });
    expect(await stateOf(id)).toMatchObject({ available: '5', settings });
    await harness.ask('withdraw', id, { source: 'http:tier', id: 'later' });
    expect((await change(id, renewal(10), { id: 'later' })).outcome).toBe('refused');
    expect(await stateOf(id)).toMatchObject({ settings });

    await change(id, renewal(10), { id: 'overtaken' });
    await change(id, renewal(10));
    await harness.ask('withdraw', id, { source: 'http:tier', id: 'overtaken' });
    expect(await stateOf(id)).toMatchObject({ settings: { tier: 'pro', allowance: '100' } });
    expect((await endMs(id)) - harness.clock.nowMs()).toBe(20 * day);
  });

  it('belongs to credits accounts that were opened with one', async () => {
    const plain = `plain-${randomUUID()}`;
    await harness.ask('open', plain, { kind: 'credits', unit: 'c' });
    expect((await change(plain, pro(1))).problem?.code).toBe('ACCOUNT_KIND_CONFLICT');
    for (const bad of [
      { ...pro(0) },
      { ...pro(1), tier: 'free' },
      { ...pro(1), allowance: '-1' },
      { change: 'shrink' },
    ] as TierChange[]) {
      expect((await change(await opened(), bad)).outcome).toBe('refused');
    }
  });

  it('is counted for whoever monitors', async () => {
    await change(await opened(), pro(1));
    const figure = /tollgate_ledger_credits_accounts\{tier="(free|pro)"\} [1-9]/g;
    await waitFor('accounts of both tiers', async () => (await metrics.metrics()).match(figure)?.length === 2, 5_000);
  });
});

describe('a metered period', () => {
  it('enters at most 10,000 blocks by one request, and counts nothing of a larger one', async () => {
    const id = `metered:${randomUUID()}`;
    await harness.ask('open', id, { kind: 'metered', unit: 'tokens', settings: { plan: 'default' } });
    const most = 8_000_000n * 10_001n;
    expect((await harness.ask('spend', id, { amount: String(most + 1n) })).problem?.code).toBe('AMOUNT_OUT_OF_RANGE');
    expect((await harness.ask('spend', id, { amount: '9223372036854775807' })).problem?.code).toBe(
      'AMOUNT_OUT_OF_RANGE',
    );
    expect(await stateOf(id)).toMatchObject({ used: '0' });
    expect((await harness.ask('spend', id, { amount: String(most) })).crossings?.length).toBe(10_000);
  });
});
