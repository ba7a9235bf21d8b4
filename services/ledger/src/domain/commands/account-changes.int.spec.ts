import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer, RequestData } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';

import { checkBooks } from '../../index.ts';
import { LedgerHarness } from '../../testing/ledger-harness.ts';

const day = 86_400_000;
let harness: LedgerHarness;
beforeAll(async () => void (harness = await LedgerHarness.start()));
afterAll(async () => {
  // Whatever was changed here folds and decides to the same again, from the rows and from the log.
  const { drifts } = await checkBooks({
    databaseUrl: harness.url,
    readLog: async (partition, to) => ({
      start: 0,
      batches: harness.log.read({ topic: topics.usageEvents, partition, from: 0, to }),
    }),
  });
  await harness.stop();
  expect(drifts).toEqual([]);
});

const open = (id: string, data: Partial<RequestData['open']> = {}) =>
  harness.ask('open', id, { kind: 'wallet', unit: 'u', ...data });
const change = (id: string, data: RequestData['change'], key?: string) =>
  harness.ask('change', id, data, key === undefined ? {} : { id: key, keyed: true });
const grant = (id: string, amount: number) => harness.ask('grant', id, { amount: String(amount) });
const spend = (id: string, amount: number, key?: string) =>
  harness.ask('spend', id, { amount: String(amount) }, key === undefined ? {} : { id: key, keyed: true });
const hold = (id: string, amount: number) => harness.ask('hold', id, { amount: String(amount), expires_in_ms: day });
const said = (answer: Answer) => answer.problem?.code ?? answer.outcome;
const view = async (id: string) => (await harness.ledger.queries.account({ id }))!;

describe('opening an account again', () => {
  it('with the same members or fewer changes nothing, with others is refused and changes nothing', async () => {
    const settings = { limit: '100', overdraft: '5', period: 'P30D' };
    await open('again', { owner: 'ada', settings });
    const strict = (more: Partial<RequestData['open']>) => open('again', { strict: true, ...more });
    for (const same of [{}, { owner: 'ada' }, { settings: { limit: '100' } }, { owner: 'ada', settings }])
      expect(said(await strict(same))).toBe('unchanged');
    for (const other of [
      { owner: 'eve' },
      { settings: { limit: '200' } },
      { settings: { ...settings, allowance: '5' } },
      { settings: { period: 'P31D' } },
    ]) {
      expect(['ACCOUNT_SETTINGS_CONFLICT', 'REQUEST_INVALID']).toContain(said(await strict(other)));
    }
    expect((await strict({ owner: 'eve', settings: { limit: '7' } })).problem?.detail).toContain('owner, limit');
    expect(await view('again')).toMatchObject({ owner: 'ada', settings, as_of: { seq: '1' } });
    // A surface sends the opening again on each first use, also when the settings have changed since.
    expect(said(await open('again', { settings: { limit: '7' } }))).toBe('unchanged');
  });

  it('is compared with what the account obeys now', async () => {
    await open('patched', { settings: { limit: '100' } });
    await change('patched', { settings: { limit: '200' } });
    expect(said(await open('patched', { strict: true, settings: { limit: '100' } }))).toBe('ACCOUNT_SETTINGS_CONFLICT');
    expect(said(await open('patched', { strict: true, settings: { limit: '200' } }))).toBe('unchanged');
  });
});

describe('a change', () => {
  it('is one entry, decides from then on, and is booked once under its key', async () => {
    await open('limited', { kind: 'metered', settings: { limit: '10' } });
    expect(said(await spend('limited', 11))).toBe('ALLOWANCE_EXHAUSTED');
    const raised = await change('limited', { settings: { limit: '20' } }, 'raise');
    expect([raised.entry?.kind, raised.entry?.seq, raised.state?.settings.limit]).toEqual(['changed', '2', '20']);
    expect(said(await spend('limited', 11))).toBe('booked');
    await change('limited', { settings: { limit: '15' } });
    expect((await change('limited', { settings: { limit: '20' } }, 'raise')).replayed).toBe(true);
    expect((await view('limited')).settings.limit).toBe('15');
    await change('limited', { settings: { limit: null } });
    expect((await view('limited')).available).toBeNull();
  });

  it('of the period counts from the end of the one under way, without a gap or an overlap', async () => {
    const opened = harness.clock.nowMs();
    const at = (days: number) => new Date(opened + days * day).toISOString();
    await open('period', { kind: 'quota', settings: { limit: '100', period: 'P30D' } });
    await spend('period', 70);
    await change('period', { settings: { period: 'P7D' } });
    expect((await view('period')).period).toEqual({ start: at(0), end: at(30) });
    await harness.advance(20 * day);
    expect([said(await spend('period', 31)), said(await spend('period', 30))]).toEqual([
      'ALLOWANCE_EXHAUSTED',
      'booked',
    ]);
    await harness.advance(10 * day);
    expect(said(await spend('period', 100))).toBe('booked');
    expect((await view('period')).period).toEqual({ start: at(30), end: at(37) });
    await harness.advance(7 * day);
    expect(said(await spend('period', 100))).toBe('booked');
    expect((await view('period')).period).toEqual({ start: at(37), end: at(44) });
    // Without periods the count goes on; with one again it begins anew.
    expect(said(await change('period', { settings: { period: null } }))).toBe('booked');
    await harness.advance(40 * day);
    const short = await spend('period', 1);
    expect([said(short), short.problem?.refusal?.resets_at]).toEqual(['ALLOWANCE_EXHAUSTED', undefined]);
    await change('period', { settings: { period: 'P1D' } });
    expect((await view('period')).period).toEqual({ start: at(77), end: at(78) });
    expect([said(await spend('period', 100)), said(await spend('period', 1))]).toEqual([
      'booked',
      'ALLOWANCE_EXHAUSTED',
    ]);
    await harness.advance(day);
    expect(said(await spend('period', 100))).toBe('booked');
  });

  it('that brings an allowance gives it at once and refills it from then on', async () => {
    const opened = harness.clock.nowMs();
    await open('refilled', { kind: 'credits' });
    await change('refilled', { settings: { allowance: '50', period: 'P10D' } });
    expect((await view('refilled')).balance).toBe('50');
    await spend('refilled', 30);
    await change('refilled', { settings: { allowance: '80' } });
    expect((await view('refilled')).balance).toBe('20');
    await harness.advance(10 * day);
    expect(await view('refilled')).toMatchObject({
      balance: '80',
      period: { start: new Date(opened + 10 * day).toISOString() },
    });
    expect(said(await change('refilled', { settings: { period: null } }))).toBe('REQUEST_INVALID');
  });
});

describe('a suspended account', () => {
  it('takes no spends, holds and extensions, here and below; settle, release, grants and timers go on', async () => {
    await open('fam');
    await open('fam/a', { grant: '100' });
    const [first, second, third] = [
      (await hold('fam/a', 10)).hold!.hold_id,
      (await hold('fam/a', 10)).hold!.hold_id,
      (await hold('fam/a', 10)).hold!.hold_id,
    ];
    await spend('fam/a', 5, 'before');
    expect((await change('fam', { access: 'suspend' })).state?.status).toBe('suspended');
    expect([said(await spend('fam', 1)), said(await spend('fam/a', 1)), said(await hold('fam/a', 1))]).toEqual(
      Array(3).fill('ACCOUNT_SUSPENDED'),
    );
    expect(said(await harness.ask('extend', '', { hold: first, amount: '1' }, {}, await partition('fam')))).toBe(
      'ACCOUNT_SUSPENDED',
    );
    expect(said(await open('fam/b'))).toBe('ACCOUNT_SUSPENDED');
    // A repeat of what was booked before gets its first answer.
    expect(await spend('fam/a', 5, 'before')).toMatchObject({ outcome: 'booked', replayed: true });
    expect(said(await harness.ask('settle', '', { hold: first, amount: '7' }, {}, await partition('fam')))).toBe(
      'booked',
    );
    expect(said(await harness.ask('release', '', { hold: second }, {}, await partition('fam')))).toBe('booked');
    expect(said(await grant('fam/a', 3))).toBe('booked');
    await harness.advance(day);
    expect(await view('fam/a')).toMatchObject({ balance: '91', held: '0' });
    expect(third).toBeDefined();
    expect((await change('fam', { access: 'resume' })).state?.status).toBe('active');
    expect(said(await spend('fam/a', 1))).toBe('booked');
  });

  it('goes back to the status it had, or came to have meanwhile', async () => {
    await open('key', {
      kind: 'licence',
      status: 'trial',
      settings: { trial_end: new Date(harness.clock.nowMs() + 30 * day).toISOString() },
      grant: '5',
    });
    await change('key', { access: 'suspend' });
    await change('key', { access: 'suspend' });
    expect((await view('key')).status).toBe('suspended');
    expect((await change('key', { access: 'resume' })).state?.status).toBe('trial');
    const held = (await hold('key', 5)).hold!.hold_id;
    await change('key', { access: 'suspend' });
    await harness.ask('settle', '', { hold: held, amount: '5' }, {}, await partition('key'));
    expect((await view('key')).status).toBe('suspended');
    expect((await change('key', { access: 'resume' })).state?.status).toBe('inactive');
    await change('key', { access: 'suspend' });
    await grant('key', 2);
    expect(said(await spend('key', 1))).toBe('ACCOUNT_SUSPENDED');
    expect((await change('key', { access: 'resume' })).state?.status).toBe('active');
  });
});

describe('closing', () => {
  it('needs balance 0 and no open holds, or forfeits the rest; then nothing is granted or refilled', async () => {
    await open('closing', { grant: '10' });
    const held = (await hold('closing', 4)).hold!.hold_id;
    expect(said(await change('closing', { access: 'close', forfeit: true }))).toBe('ACCOUNT_NOT_EMPTY');
    await harness.ask('release', '', { hold: held }, {}, await partition('closing'));
    const refused = await change('closing', { access: 'close' });
    expect([said(refused), refused.problem?.detail]).toEqual([
      'ACCOUNT_NOT_EMPTY',
      'the balance is 10 u: bring it to 0, or close with "forfeit": true',
    ]);
    const closed = await change('closing', { access: 'close', forfeit: true });
    expect([closed.state?.status, closed.state?.balance, closed.entry?.amount]).toEqual(['closed', '0', '-10']);
    expect([said(await grant('closing', 1)), said(await spend('closing', 1)), said(await hold('closing', 1))]).toEqual(
      Array(3).fill('ACCOUNT_CLOSED'),
    );
    expect((await change('closing', { access: 'resume' })).state?.status).toBe('active');
    await open('monthly', { kind: 'credits', settings: { allowance: '5', period: 'P1D' } });
    await change('monthly', { access: 'close', forfeit: true });
    await harness.advance(3 * day);
    expect((await view('monthly')).balance).toBe('0');
    await open('used', { kind: 'metered' });
    await spend('used', 3);
    expect((await change('used', { access: 'close' })).state?.status).toBe('closed');
  });
});

describe('a closed account', () => {
  // Guarantee: what is closed holds nothing, until it is taken back: no change, tier or timer gives it units.
  it('gets no units by a trial, a tier or the end of one', async () => {
    await open('closed-key', { kind: 'licence', unit: 'tokens' });
    await change('closed-key', { access: 'close' });
    expect(said(await change('closed-key', { status: 'trial', balance: '5' }))).toBe('ACCOUNT_CLOSED');
    expect(said(await change('closed-key', { owner: null, status: 'inactive', balance: '0' }))).toBe('booked');

    const tiers = { allowance: '5', base_allowance: '5', tier: 'free', period: 'P30D' };
    await open('closed-tier', { kind: 'credits', unit: 'credits', settings: tiers });
    const tier = (data: RequestData['tier']) => harness.ask('tier', 'closed-tier', data);
    await tier({ change: 'raise', tier: 'pro', allowance: '100', days: 1 });
    await change('closed-tier', { access: 'close', forfeit: true });
    for (const step of [
      { change: 'raise', tier: 'pro', allowance: '100', days: 1 },
      { change: 'renew', tier: 'pro', allowance: '100', days: 1 },
      { change: 'lower' },
      { change: 'reset' },
    ] as const) {
      expect([step.change, said(await tier(step))]).toEqual([step.change, 'ACCOUNT_CLOSED']);
    }
    await harness.advance(day);
    expect(await view('closed-tier')).toMatchObject({
      status: 'closed',
      balance: '0',
      settings: { tier: 'free', allowance: '5' },
    });
    expect(await view('closed-key')).toMatchObject({ status: 'closed', balance: '0' });
  });
});

describe('an account in another unit than a budget above it', () => {
  // Guarantee: nothing is used past a budget in silence.
  it('is not opened and takes no usage, unless it says that it is detached', async () => {
    await open('mixed', { kind: 'metered', settings: { limit: '10' } });
    expect(said(await open('mixed/bytes', { unit: 'byte' }))).toBe('UNIT_CONFLICT');
    expect(said(await open('mixed/bytes', { unit: 'byte', grant: '5', settings: { detached: true } }))).toBe('booked');
    expect(said(await spend('mixed/bytes', 5))).toBe('booked');
    // A budget that comes later.
    await open('later');
    await open('later/bytes', { unit: 'byte', grant: '9' });
    await change('later', { settings: { limit: '1' } });
    const refused = await spend('later/bytes', 1);
    expect([said(refused), said(await hold('later/bytes', 1))]).toEqual(['UNIT_CONFLICT', 'UNIT_CONFLICT']);
    expect(refused.problem?.detail).toContain('"detached": true');
    await change('later/bytes', { settings: { detached: true } });
    expect(said(await spend('later/bytes', 1))).toBe('booked');
    // A detached account is still bound by budgets in its own unit.
    await open('mixed/own', { unit: 'u', grant: '50', settings: { detached: true } });
    expect([said(await spend('mixed/own', 11)), said(await spend('mixed/own', 10))]).toEqual([
      'ALLOWANCE_EXHAUSTED',
      'booked',
    ]);
  });
});

async function partition(account: string): Promise<number> {
  const { partitionOf } = await import('@tollgate/kernel');
  return partitionOf(account, (await harness.log.describe(topics.usageEvents)).partitions.length);
}
