import { describe, expect, it } from '@jest/globals';

import { sortEvents } from './events.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const event = {
  specversion: '1.0',
  id: 'e-1',
  source: '/search',
  type: 'llm.tokens',
  subject: 'acme/team-a',
  time: '2026-11-21T11:00:00Z',
  data: { model: 'm-1', input_tokens: 100, output_tokens: 400 },
};
const hashOf = (value: unknown): string | undefined => {
  const { requests, rejected } = sortEvents([value], { nowMs });
  expect(rejected).toEqual([]);
  return requests[0]?.hash;
};
const identityOf = (value: unknown) => {
  const [request] = sortEvents([value], { nowMs }).requests;
  return [request?.account, request?.source, request?.id];
};

// Guarantee: an event is what its producer said of the usage; how it was delivered makes no other one of it.
describe('an event that is delivered again', () => {
  it.each([
    [
      'with a traceparent',
      { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' },
    ],
    ['with another extension attribute', { partitionkey: 'acme', sampledrate: 3 }],
    ['with a datacontenttype', { datacontenttype: 'application/json; charset=utf-8' }],
    ['with a dataschema that nobody reads', { dataschema: 'https://example.org/usage.json' }],
    ['with +00:00 for Z', { time: '2026-11-21T11:00:00+00:00' }],
    ['in another zone', { time: '2026-11-21T12:30:00+01:30' }],
    ['with more digits of the second', { time: '2026-11-21T11:00:00.000Z' }],
    ['with counts as text', { data: { model: 'm-1', input_tokens: '100', output_tokens: '400' } }],
    ['with its members in another order', { data: { output_tokens: 400, model: 'm-1', input_tokens: 100 } }],
    ['with a class that counted nothing', { data: { ...event.data, cache_read_tokens: 0 } }],
    ['with null attributes', { datacontenttype: null, traceparent: null, dataschema: null, data_base64: null }],
  ])('%s is the same', (_, change) => {
    const again = { ...event, ...change };
    expect([hashOf(again), identityOf(again)]).toEqual([hashOf(event), identityOf(event)]);
  });

  it('with a null time, a null model, or without either is the same', () => {
    const { time: _, ...timeless } = event;
    expect(hashOf({ ...timeless, time: null })).toBe(hashOf(timeless));
    expect(hashOf({ ...event, data: { input_tokens: 1, output_tokens: 1, model: null } })).toBe(
      hashOf({ ...event, data: { input_tokens: 1, output_tokens: 1 } }),
    );
    const request = { ...event, type: 'request' };
    expect(hashOf({ ...request, data: { quantity: 1 } })).toBe(hashOf({ ...request, data: {} }));
  });

  it.each([
    ['another time', { time: '2026-11-21T11:00:01Z' }],
    ['no time', { time: null }],
    ['another type', { type: 'llm.usage' }],
    ['another count', { data: { ...event.data, output_tokens: 401 } }],
    ['another model', { data: { ...event.data, model: 'm-2' } }],
    ['one more count', { data: { ...event.data, cache_read_tokens: 1 } }],
  ])('with %s is other content under the same identity', (_, change) => {
    expect(hashOf({ ...event, ...change })).not.toBe(hashOf(event));
  });

  it('tells a quantity of 0 from none where none means one', () => {
    const request = { ...event, type: 'request' };
    expect(hashOf({ ...request, data: { quantity: 0 } })).not.toBe(hashOf({ ...request, data: {} }));
  });
});
