import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { Reply } from './harness/client.ts';
import { watchAnswers } from './harness/client.ts';
import { EmbeddedPlatform } from './harness/embedded.ts';
import { ApiDocument } from './harness/open-api.ts';
import { checkBooks } from './harness/platform.ts';

let platform: EmbeddedPlatform;
let unwatch: () => void = () => undefined;
const undocumented = new Set<string>();
beforeAll(async () => {
  platform = await EmbeddedPlatform.start();
  const api = await ApiDocument.read(platform.anybody);
  unwatch = watchAnswers((seen) => {
    const fault = api.answerFault(seen);
    if (fault !== null) undocumented.add(fault);
  });
});
afterAll(async () => {
  unwatch();
  await platform?.stop();
});

type EventResult = {
  readonly status: string;
  readonly entry?: { readonly id: string; readonly amount: string };
  readonly problem?: { readonly code: string; readonly detail: string };
};
const event = { specversion: '1.0', source: '/usage', type: 'llm.tokens' };
const oneEvent = { 'content-type': 'application/cloudevents+json' };
async function book(more: object): Promise<EventResult> {
  const { status, body } = await platform.server.raw<{ results: readonly EventResult[] }>(
    '/v1/events?wait=booked',
    JSON.stringify({ ...event, ...more }),
    oneEvent,
  );
  expect(status).toBe(200);
  return body.results[0] as EventResult;
}
const spend = (
  id: string,
  usage: object,
): Promise<Reply<{ code: string; detail: string; entry: { amount: string } }>> =>
  platform.server.post(`/v1/accounts/${encodeURIComponent(id)}/spend`, { usage });
const open = (id: string, more: object = {}) =>
  platform.server.post('/v1/accounts', {
    id,
    kind: 'wallet',
    unit: 'token',
    settings: { overdraft: 'unlimited' },
    ...more,
  });
const balance = async (id: string) =>
  (await platform.server.get(`/v1/accounts/${encodeURIComponent(id)}`)).body['balance'];

describe('the same usage', () => {
  // Guarantee: whichever way usage comes in, it costs the same, and what cannot be priced is refused by name.
  it(
    'costs the same as an event, a spend and the end of a token process, and an unknown quantity is refused on ' +
      'every way',
    async () => {
      await open('same');
      const counts = { input_tokens: 100, output_tokens: 401 };
      expect((await book({ id: 's-1', subject: 'same', data: counts })).entry?.amount).toBe('-101');
      expect((await spend('same', counts)).body.entry.amount).toBe('-101');
      // The end of a hold is another way in.
      const settle = async (usage: object) => {
        const { body: hold } = await platform.server.post<{ hold_id: string }>('/v1/accounts/same/holds', {
          amount: '200',
          expires_in_s: 60,
        });
        return platform.server.post<{ code: string; detail: string; entry: { amount: string } }>(
          `/v1/holds/${hold.hold_id}/settle`,
          { usage },
        );
      };
      expect(
        (await platform.server.post('/v1/accounts/same/holds', { amount: '1', expires_in_s: 60, usage: counts }))
          .status,
      ).toBe(400);
      expect((await settle(counts)).body.entry.amount).toBe('-101');
      expect((await settle({ ...counts, ouput_tokens: 400 })).body).toMatchObject({
        code: 'QUANTITY_UNKNOWN',
        detail: expect.stringContaining('ouput_tokens'),
      });
      expect((await settle({ ...counts, output_tokens: null })).status).toBe(400);
      await platform.server.post('/api/features', { id: 'text', name: 'Text' });
      await platform.server.post('/api/feature-endpoints', { id: 'text-1', feature: 'text', path: '/text' });
      await platform.server.post('/api/user-wallets/give-initial-token', { user_id: 'same', token: 1000 });
      const end = (more: object) =>
        platform.server.post('/api/token-process/end', {
          user_id: 'same',
          feature_endpoint_id: 'text-1',
          input_token: 100,
          output_token: 401,
          ...more,
        });
      expect((await end({})).body).toMatchObject({ data: { cost: 101, token: 899 } });

      const misspelt = { ...counts, ouput_tokens: 400 };
      expect((await spend('same', misspelt)).body).toMatchObject({
        code: 'QUANTITY_UNKNOWN',
        detail: expect.stringContaining('ouput_tokens'),
      });
      expect((await book({ id: 's-2', subject: 'same', data: misspelt })).problem).toMatchObject({
        code: 'QUANTITY_UNKNOWN',
        detail: expect.stringContaining('ouput_tokens'),
      });
      const unpriced = { ...counts, cache_read_tokens: 50 };
      expect(await spend('same', unpriced)).toMatchObject({
        status: 422,
        body: { code: 'QUANTITY_UNPRICED', detail: expect.stringContaining('cache_read_tokens') },
      });
      expect((await book({ id: 's-2', subject: 'same', data: unpriced })).problem?.code).toBe('QUANTITY_UNPRICED');
      for (const value of [null, 2 ** 53, '9223372036854775808', 'four'])
        expect((await spend('same', { ...counts, output_tokens: value })).status).toBe(400);
      expect((await spend('same', { ...counts, output_tokens: 2 ** 53 })).body.detail).toContain('9007199254740991');
      expect((await end({ output_token: 10 ** 13 })).body).toMatchObject({
        success: false,
        sources: [{ path: 'output_token', message: 'must be from 0 to 1000000000000, not 10000000000000' }],
      });
      for (const misspelt of ['output_tokens', 'ouput_token', 'cache_read_tokens', 'images']) {
        expect((await end({ [misspelt]: 400 })).body).toMatchObject({
          success: false,
          status: 400,
          sources: [{ path: misspelt, message: expect.stringContaining('is not counted') }],
        });
      }
      expect((await end({ input_token: 0, output_token: 0, took_ms: 12, token_note: 'x' })).status).toBe(200);
      expect((await end({ output_token: 2 ** 53 })).body).toEqual(
        expect.objectContaining({
          sources: [{ path: 'output_token', message: 'must be from 0 to 1000000000000, not 9007199254740992' }],
        }),
      );
      expect(await balance('same')).toBe('-303');
    },
  );

  it('is listed as refused when nobody waited for it', async () => {
    const { status } = await platform.server.raw(
      '/v1/events',
      JSON.stringify({ ...event, id: 'n-1', subject: 'same', data: { input_tokens: 1, output_tokens: 1, cached: 7 } }),
      oneEvent,
    );
    expect(status).toBe(202);
    await book({ id: 'n-2', subject: 'same', data: { input_tokens: 0, output_tokens: 0 } });
    expect((await platform.server.get('/v1/events/refused?account=same')).body).toMatchObject({
      items: [{ id: 'n-1', code: 'QUANTITY_UNKNOWN' }],
    });
  });

  it('is one event however it is delivered, in JSON or with its attributes as headers', async () => {
    const first = {
      ...event,
      id: 'd-1',
      subject: 'same',
      time: '2026-11-01T10:00:00Z',
      data: { input_tokens: 4, output_tokens: 8 },
    };
    expect((await book(first)).status).toBe('booked');
    for (const change of [
      { traceparent: '00-1-2-01' },
      { datacontenttype: 'application/json' },
      { time: '2026-11-01T10:00:00+00:00' },
      { tracestate: null },
      { data: { input_tokens: '4', output_tokens: '8' } },
    ]) {
      expect((await book({ ...first, ...change })).status).toBe('duplicate');
    }
    const { data, ...attributes } = first;
    const headers = Object.fromEntries(
      Object.entries({ ...attributes, traceparent: '00-3-4-01' }).map(([name, value]) => [`ce-${name}`, value]),
    );
    const binary = await platform.server.raw<{ results: readonly EventResult[] }>(
      '/v1/events?wait=booked',
      JSON.stringify(data),
      headers,
    );
    expect(binary.body.results[0]?.status).toBe('duplicate');
    expect((await book({ ...first, data: { input_tokens: 4, output_tokens: 9 } })).problem?.code).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
  });

  it('that costs nothing is remembered, and its id taken, also for a metered account of the tier surface', async () => {
    await open('free');
    const nothing = { id: 'f-1', type: 'request', subject: 'free', data: { quantity: 0 } };
    expect(await book(nothing)).toMatchObject({ status: 'booked', entry: { amount: '0' } });
    expect(await book(nothing)).toMatchObject({ status: 'duplicate', entry: { amount: '0' } });
    expect((await book({ ...nothing, data: { quantity: 7 } })).problem?.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(
      (await platform.server.post('/v1/accounts/free/spend', { usage: { input_tokens: 5, output_tokens: 0 } })).body,
    ).toMatchObject({ entry: { amount: '0' } });
    expect(
      (await platform.server.post('/api/token-billing/process-usage', { userId: 'free', tokensUsed: 0 })).body,
    ).toMatchObject({ success: true });
    expect((await platform.server.get('/v1/accounts/metered%3Afree/entries')).body['items']).toHaveLength(2);
    expect(
      (
        await platform.server.post('/api/token-process/end', {
          user_id: 'same',
          feature_endpoint_id: 'text-1',
          input_token: 0,
          output_token: 0,
        })
      ).body,
    ).toMatchObject({ data: { cost: 0, token: 899 } });
  });
});

type Reported = {
  readonly by: string;
  readonly zone: string;
  readonly amount: string;
  readonly rows: readonly { readonly day: string; readonly kind: string; readonly amount: string }[];
};

// Guarantee: usage that is reported late is in the report of the month in which it was used; the books keep both times.
describe('a report', () => {
  const day = 86_400_000;
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

  it('goes by the time of use unless it is asked for the time of booking, over HTTP and by command', async () => {
    await open('reported');
    const usedMs = Date.now() - 10 * day;
    const [used, today] = [dayOf(usedMs), dayOf(Date.now())];
    await book({
      id: 'u-1',
      subject: 'reported',
      time: `${used}T01:30:00Z`,
      data: { model: 'm-1', input_tokens: 5, output_tokens: 8, cache_read_tokens: 0 },
    });
    await book({ id: 'u-2', subject: 'reported', data: { model: 'm-1', input_tokens: 5, output_tokens: 4 } });
    const report = async (query: string) =>
      (await platform.server.get<Reported>(`/v1/accounts/reported/report?${query}`)).body;
    const spent = ({ rows }: Reported): readonly string[] =>
      rows.filter(({ kind }) => kind === 'spent').map(({ day: on, amount }) => `${on} ${amount}`);
    expect(spent(await report(''))).toEqual([`${used} -2`, `${today} -1`]);
    expect(spent(await report('by=booked'))).toEqual([`${today} -3`]);
    // São Paulo is three hours behind: 01:30 is the evening before.
    expect(await report('zone=America/Sao_Paulo')).toMatchObject({ by: 'use', zone: 'America/Sao_Paulo' });
    expect(spent(await report('zone=America/Sao_Paulo'))[0]).toBe(`${dayOf(usedMs - day)} -2`);
    expect(spent(await report(`from=${used}&to=${dayOf(usedMs + day)}`))).toEqual([`${used} -2`]);
    expect(spent(await report(`from=${used}&to=${dayOf(usedMs + day)}&zone=America/Sao_Paulo`))).toEqual([]);
    expect((await platform.server.get('/v1/accounts/reported/report?zone=cet')).status).toBe(400);
    expect((await platform.server.get('/v1/accounts/reported/report?from=2026-02-30')).status).toBe(400);

    const exported = await platform.cli('export', 'reported', '--report');
    expect(exported.output).toContain(`day,kind,model,entries,amount,input_tokens,output_tokens,cache_read_tokens\n`);
    expect(exported.output).toContain(`${used},spent,m-1,1,-2,5,8,0\n`);
    expect(
      (await platform.cli('export', 'reported', '--report', '--by', 'booked', '--zone', 'Europe/Berlin')).output,
    ).toContain(',spent,m-1,2,-3,10,12,0\n');
    expect((await platform.cli('export', 'reported', '--report', '--by', 'chance')).output).toContain(
      '--by is use or booked',
    );
  });

  it('leaves the entries and their export by the time of booking, with both times', async () => {
    const used = dayOf(Date.now() - 10 * day);
    type Page = { readonly items: readonly { readonly occurred_at: string; readonly recorded_at: string }[] };
    const since = await platform.server.get<Page>(
      `/v1/accounts/reported/entries?from=${dayOf(Date.now() - day)}T00:00:00Z`,
    );
    expect(since.body.items.map(({ occurred_at: at }) => at.slice(0, 10))).toContain(used);
    expect(since.body.items).toHaveLength(3);
    const { output } = await platform.cli('export', 'reported', '--to', `${used}T23:59:59Z`);
    expect(
      output
        .trim()
        .split('\n')
        .filter((line) => line.includes('spent')),
    ).toEqual([]);
    const whole = (await platform.cli('export', 'reported')).output;
    expect(whole).toContain('occurred_at,recorded_at,lot,hold_id,late,reason,actor,model,counts\n');
    expect(whole).toMatch(/,,,,,,m-1,input_tokens=5 output_tokens=8 cache_read_tokens=0\n/);
    expect(whole).toContain(`${used}T01:30:00.000Z,${dayOf(Date.now())}T`);
  });
});

it('has answered all of these as its OpenAPI document says, and its books are true', async () => {
  expect([...undocumented]).toEqual([]);
  expect(await checkBooks(platform)).toMatchObject({ drifts: [], chainProblems: [] });
});
