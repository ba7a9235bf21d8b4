import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer, RequestData } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';

import { checkBooks } from '../../index.ts';
import { LedgerHarness, partitions } from '../../testing/ledger-harness.ts';

const hour = 3_600_000;
let harness: LedgerHarness;
beforeAll(async () => void (harness = await LedgerHarness.start()));
afterAll(async () => {
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
  harness.ask('open', id, { kind: 'metered', unit: 'u', ...data });
const spend = (id: string, amount: number, occurredMs?: number) =>
  harness.ask(
    'spend',
    id,
    { amount: String(amount) },
    occurredMs === undefined ? {} : { occurred: new Date(occurredMs).toISOString() },
  );
const use = (id: string, model: string, tokens: number) =>
  harness.ask('spend', id, { meter: 'llm.tokens', inputs: { model, input_tokens: 0, output_tokens: tokens } });
const hold = async (id: string, amount: number) =>
  (await harness.ask('hold', id, { amount: String(amount), expires_in_ms: 30 * 24 * hour })).hold!.hold_id;
const inFamily = (account: string) => partitionOf(account, partitions);
const correct = (account: string, answer: Answer, amount?: number) =>
  harness.ask(
    'correct',
    '',
    { entry: answer.entry!.id, ...(amount === undefined ? {} : { amount: String(amount) }) },
    {},
    inFamily(account),
  );
const said = (answer: Answer) => answer.problem?.code ?? answer.outcome;
const to = (time: string) => harness.advance(Date.parse(time) - harness.clock.nowMs());
/** What each limit has left: `<period>[ <model>] <left>`. */
const left = async (id: string) =>
  (await harness.ledger.queries.account({ id }))!.limits.map(({ account, period, model, remaining }) =>
    [account === id ? '' : account, period ?? 'limit', model ?? '', remaining].filter((part) => part !== '').join(' '),
  );
const restart = async () => {
  await harness.ledger.stop();
  await harness.startLedger();
};

describe('calendar periods', () => {
  it("begin at midnight, on Monday, and on the first of the month in the account's time zone", async () => {
    await to('2026-11-22T12:00:00Z');
    const period = async (id: string, unit: string, zone?: string) =>
      (
        await open(id, {
          settings: { limit: '10', period: `calendar:${unit}`, ...(zone === undefined ? {} : { time_zone: zone }) },
        })
      ).state?.period;
    // Sunday 22 November; in Auckland it is Monday 01:00, in Kolkata Sunday 17:30.
    expect(await period('day', 'day')).toEqual({ start: '2026-11-22T00:00:00.000Z', end: '2026-11-23T00:00:00.000Z' });
    expect(await period('week', 'week')).toEqual({
      start: '2026-11-16T00:00:00.000Z',
      end: '2026-11-23T00:00:00.000Z',
    });
    expect(await period('month', 'month', 'Asia/Kolkata')).toEqual({
      start: '2026-10-31T18:30:00.000Z',
      end: '2026-11-30T18:30:00.000Z',
    });
    expect(await period('week nz', 'week', 'Pacific/Auckland')).toEqual({
      start: '2026-11-22T11:00:00.000Z',
      end: '2026-11-29T11:00:00.000Z',
    });
    expect(await period('day la', 'day', 'America/Los_Angeles')).toEqual({
      start: '2026-11-22T08:00:00.000Z',
      end: '2026-11-23T08:00:00.000Z',
    });
    expect([said(await spend('day', 10)), said(await spend('day', 1))]).toEqual(['booked', 'ALLOWANCE_EXHAUSTED']);
    await to('2026-11-23T00:00:00Z');
    expect(said(await spend('day', 10))).toBe('booked');
  });

  it('in another zone begin where the one under way ends, and are no shorter than a day of difference', async () => {
    await to('2026-11-24T12:00:00Z');
    await open('moves', { settings: { limit: '10', period: 'calendar:month', time_zone: 'Pacific/Auckland' } });
    await harness.ask('change', 'moves', { settings: { time_zone: 'America/Los_Angeles' } });
    const period = async () => (await harness.ledger.queries.account({ id: 'moves' }))!.period;
    // November ends in Auckland at 11:00Z on the 30th; December, which follows, ends in Los Angeles.
    expect(await period()).toEqual({ start: '2026-10-31T11:00:00.000Z', end: '2026-11-30T11:00:00.000Z' });
    await to('2026-11-30T11:00:00Z');
    await spend('moves', 10);
    expect(await period()).toEqual({ start: '2026-11-30T11:00:00.000Z', end: '2027-01-01T08:00:00.000Z' });
    await to('2026-12-01T08:00:00Z');
    expect(said(await spend('moves', 1))).toBe('ALLOWANCE_EXHAUSTED');
  });

  it('refuse what is no period or zone', async () => {
    for (const settings of [
      { period: 'calendar:year' },
      { period: 'calendar:' },
      { period: 'calendar:day', time_zone: '+02:00' },
      { period: 'P1D', time_zone: 'Europe/Berlin' },
    ]) {
      expect([settings, said(await open('bad', { settings }))]).toEqual([settings, 'REQUEST_INVALID']);
    }
  });
});

describe('several limits', () => {
  it('are checked together; the tightest is named with its period and its reset', async () => {
    await to('2026-12-02T22:00:00Z');
    await open('several', {
      settings: {
        limit: '1000',
        limits: [
          { amount: '50', period: 'calendar:day' },
          { amount: '80', period: 'calendar:month' },
          { amount: '40', period: 'PT1H' },
        ],
      },
    });
    expect(said(await spend('several', 40))).toBe('booked');
    expect(await left('several')).toEqual(['limit 960', 'calendar:day 10', 'calendar:month 40', 'PT1H 0']);
    const hourly = await spend('several', 11);
    expect(hourly.problem?.refusal).toEqual({
      account: 'several',
      limit: '40',
      period: 'PT1H',
      asked: '11',
      available: '0',
      resets_at: '2026-12-02T23:00:00.000Z',
    });
    expect(hourly.problem?.detail).toBe('asked for 11 u, the account has 0 of its limit of 40 in PT1H available');
    await to('2026-12-02T23:00:00Z');
    await restart();
    expect((await spend('several', 11)).problem?.refusal).toMatchObject({
      period: 'calendar:day',
      available: '10',
      resets_at: '2026-12-03T00:00:00.000Z',
    });
    expect(said(await spend('several', 10))).toBe('booked');
    await to('2026-12-03T00:00:00Z');
    expect((await spend('several', 31)).problem?.refusal).toMatchObject({
      period: 'calendar:month',
      available: '30',
      resets_at: '2027-01-01T00:00:00.000Z',
    });
    expect((await spend('several', 30)).available).toBe('0');
  });

  it('with a model bind only usage that names it, when it is spent and settled', async () => {
    await to('2026-12-03T02:00:00Z');
    await open('models', {
      kind: 'wallet',
      grant: '1000',
      settings: {
        limits: [
          { amount: '100', period: 'calendar:day', model: 'big' },
          { amount: '500', period: 'calendar:day' },
        ],
      },
    });
    // The built-in card: four output tokens cost one unit.
    expect(said(await use('models', 'big', 360))).toBe('booked');
    expect((await use('models', 'big', 44)).problem?.refusal).toMatchObject({
      model: 'big',
      period: 'calendar:day',
      limit: '100',
      asked: '11',
      available: '10',
    });
    expect([said(await use('models', 'small', 400)), said(await spend('models', 100))]).toEqual(['booked', 'booked']);
    expect(await left('models')).toEqual(['calendar:day big 10', 'calendar:day 210']);
    // A reservation knows no model; settling does.
    const held = await hold('models', 50);
    expect(await left('models')).toEqual(['calendar:day big 10', 'calendar:day 160']);
    const settle = (data: object) => harness.ask('settle', '', { hold: held, ...data }, {}, inFamily('models'));
    const short = await settle({ meter: 'llm.tokens', inputs: { model: 'big', input_tokens: 0, output_tokens: 80 } });
    expect([said(short), short.problem?.refusal?.model]).toEqual(['ALLOWANCE_EXHAUSTED', 'big']);
    expect(
      said(await settle({ meter: 'llm.tokens', inputs: { model: 'big', input_tokens: 0, output_tokens: 40 } })),
    ).toBe('booked');
    await restart();
    expect(await left('models')).toEqual(['calendar:day big 0', 'calendar:day 200']);
    expect(
      said(
        await hold('models', 201).then(
          () => ({ outcome: 'booked' }) as Answer,
          () => ({ outcome: 'refused' }) as Answer,
        ),
      ),
    ).toBe('refused');
  });

  it('of the accounts above are checked after the nearest, and count what is used below', async () => {
    await to('2026-12-03T04:00:00Z');
    await open('org', {
      settings: {
        limits: [
          { amount: '100', period: 'calendar:day' },
          { amount: '30', period: 'calendar:day', model: 'big' },
        ],
      },
    });
    await open('org/a', {
      kind: 'wallet',
      grant: '1000',
      settings: { limits: [{ amount: '60', period: 'calendar:day' }] },
    });
    await open('org/b', { kind: 'wallet', grant: '1000' });
    expect((await spend('org/a', 61)).problem?.refusal).toMatchObject({ account: 'org/a', available: '60' });
    expect(said(await spend('org/a', 60))).toBe('booked');
    expect((await spend('org/b', 41)).problem?.refusal).toMatchObject({
      account: 'org',
      limit: '100',
      period: 'calendar:day',
      available: '40',
    });
    const big = await use('org/b', 'big', 100);
    expect((await use('org/b', 'big', 24)).problem?.refusal).toMatchObject({
      account: 'org',
      model: 'big',
      available: '5',
    });
    expect(await left('org/b')).toEqual(['org calendar:day 15', 'org calendar:day big 5']);
    await correct('org', big, 10);
    expect(await left('org/b')).toEqual(['org calendar:day 25', 'org calendar:day big 15']);
    const held = await hold('org/b', 25);
    expect((await harness.ledger.queries.account({ id: 'org/b' }))!.available).toBe('0');
    await harness.ask('release', '', { hold: held }, {}, inFamily('org'));
    expect((await harness.ledger.queries.account({ id: 'org/b' }))!.available).toBe('25');
  });

  // Guarantee: who is told what is available can spend just that.
  it('that refuse tell the smallest sum that binds, whichever account of the family it is of', async () => {
    await open('sum', { settings: { limit: '100' } });
    await open('sum/a', { kind: 'wallet', grant: '500' });
    const refused = await spend('sum/a', 600);
    expect(refused.problem).toMatchObject({
      detail: 'asked for 600 u, the budget of sum has 100 available; the account has 500 available',
      refusal: { account: 'sum/a', asked: '600', available: '100' },
    });
    expect(said(await spend('sum/a', 100))).toBe('booked');
    expect((await spend('sum/a', 300)).problem?.refusal).toMatchObject({
      account: 'sum',
      available: '0',
      limit: '100',
    });
  });

  it('give back in the period that counted it, and in no later one', async () => {
    await to('2026-12-03T22:00:00Z');
    await open('back', {
      settings: {
        limits: [
          { amount: '100', period: 'calendar:day' },
          { amount: '200', period: 'calendar:month' },
        ],
      },
    });
    const first = await spend('back', 30);
    await to('2026-12-04T00:10:00Z');
    // Late by ten minutes: within the grace of an hour it counts on the third.
    const late = await spend('back', 20, Date.parse('2026-12-03T23:59:00Z'));
    await spend('back', 7);
    expect(await left('back')).toEqual(['calendar:day 93', 'calendar:month 143']);
    await correct('back', first, 10);
    await correct('back', late);
    expect(await left('back')).toEqual(['calendar:day 93', 'calendar:month 173']);
    // 20 are used on the third.
    expect(said(await spend('back', 81, Date.parse('2026-12-03T23:59:00Z')))).toBe('ALLOWANCE_EXHAUSTED');
    expect(said(await spend('back', 80, Date.parse('2026-12-03T23:59:00Z')))).toBe('booked');
    // After the grace it counts on the day of its record.
    await to('2026-12-04T01:30:00Z');
    const tooLate = await spend('back', 5, Date.parse('2026-12-03T23:59:00Z'));
    expect(await left('back')).toEqual(['calendar:day 88', 'calendar:month 88']);
    await correct('back', tooLate);
    expect(await left('back')).toEqual(['calendar:day 93', 'calendar:month 93']);
    await to('2026-12-06T00:00:00Z');
    await correct('back', first, 20);
    expect(await left('back')).toEqual(['calendar:day 100', 'calendar:month 113']);
  });

  it('go on counting when their amount changes, and begin anew when they are new', async () => {
    await to('2026-12-06T10:00:00Z');
    await open('changes', { settings: { limits: [{ amount: '100', period: 'calendar:day' }] } });
    await spend('changes', 40);
    await harness.ask('change', 'changes', {
      settings: {
        limits: [
          { amount: '60', period: 'calendar:day' },
          { amount: '50', period: 'P7D' },
        ],
      },
    });
    expect(await left('changes')).toEqual(['calendar:day 20', 'P7D 50']);
    await spend('changes', 20);
    await restart();
    expect(await left('changes')).toEqual(['calendar:day 0', 'P7D 30']);
    await harness.ask('change', 'changes', { settings: { limits: null } });
    expect((await harness.ledger.queries.account({ id: 'changes' }))!.available).toBeNull();
    for (const limits of [
      [
        { amount: '1', period: 'P1D' },
        { amount: '2', period: 'P1D' },
      ],
      [{ amount: '-1', period: 'P1D' }],
      [{ amount: '1', period: 'x' }],
      [{ amount: '1' }],
      'x',
      [null],
    ]) {
      expect([limits, (await harness.ask('change', 'changes', { settings: { limits } } as never)).outcome]).toEqual([
        limits,
        'refused',
      ]);
    }
  });

  // Guarantee: racing requests never use one unit of any limit twice.
  it('are never exceeded by requests at once', async () => {
    await to('2026-12-07T10:00:00Z');
    await open('race', {
      settings: {
        limits: [
          { amount: '30', period: 'calendar:day' },
          { amount: '25', period: 'PT1H' },
        ],
      },
    });
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => spend('race', 1)));
    expect(outcomes.filter(({ outcome }) => outcome === 'booked')).toHaveLength(25);
    await to('2026-12-07T11:00:00Z');
    const more = await Promise.all(Array.from({ length: 60 }, () => spend('race', 1)));
    expect(more.filter(({ outcome }) => outcome === 'booked')).toHaveLength(5);
  });
});
