import { expect, it } from '@jest/globals';

import { isLicenceKey, licenceKeyFrom, normalLicenceKey } from '../../licence-keys/domain/licence-key.ts';
import { parseEvent } from '../../native/domain/cloud-event.ts';
import { newBucket, takeOne } from '../../people-and-keys/domain/token-bucket.ts';
import { accountIdFault, partitionOfEntry, partitionOfHold, surfaceAccount } from './account-id.ts';
import { parseTime } from './instant.ts';

const nowMs = Date.UTC(2026, 0, 1);
const event = { specversion: '1.0', id: 'e', source: '/s', type: 'request', subject: 'acme' };
const faultOf = (value: unknown): string | undefined => {
  const parsed = parseEvent(value, nowMs);
  return 'fault' in parsed ? parsed.fault.code : undefined;
};

it('takes account ids in any script up to their length, segment by segment', () => {
  for (const id of [
    'a',
    'команда/用户',
    'x'.repeat(128),
    `licence:${'%2F'.repeat(128)}`,
    '😀'.repeat(128),
    `${'😀/'.repeat(255)}xy`,
  ])
    expect(accountIdFault(id)).toBeNull();
  for (const id of [
    '',
    '/a',
    'a//b',
    'a/',
    'a\u0000',
    'a\u0085',
    '\ud800',
    'x'.repeat(129),
    '😀'.repeat(129),
    'a/'.repeat(256) + 'b',
  ]) {
    expect(accountIdFault(id)).not.toBeNull();
  }
  expect(surfaceAccount('licence', 'a/b%c')).toBe('licence:a%2Fb%25c');
});

it('finds the partition that an id names and nothing in an id that is none', () => {
  expect([partitionOfEntry('7-12', 8), partitionOfHold('h-7-3-12', 8)]).toEqual([7, 7]);
  for (const id of ['8-1', '7-', '-1', '7-1-1', 'h-7-3-12', '7-9999999999999999'])
    expect(partitionOfEntry(id, 8)).toBeNull();
  for (const id of ['h-8-1-1', 'h-7-1', '7-1', 'h-7-../-1', 'h-7-2147483648-1', 'h-7-1-9999999999999999', 'h-7-abc-1'])
    expect(partitionOfHold(id, 8)).toBeNull();
});

it('reads RFC 3339 with any offset and refuses days that do not exist', () => {
  expect(parseTime('2024-02-29T23:59:59.1234+01:30')).toBe(Date.UTC(2024, 1, 29, 22, 29, 59, 123));
  expect(parseTime('2026-06-30T23:59:60Z')).toBe(Date.UTC(2026, 5, 30, 23, 59, 59, 999));
  for (const text of [
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:00:00',
  ]) {
    expect(parseTime(text)).toBeNull();
  }
});

it('takes an event exactly 24 hours ahead and from the first instant of 2000, and none beyond', () => {
  expect(faultOf({ ...event, time: '2026-01-02T00:00:00Z' })).toBeUndefined();
  expect(faultOf({ ...event, time: '2026-01-02T00:00:00.001Z' })).toBe('TIME_OUT_OF_RANGE');
  expect(faultOf({ ...event, time: '2000-01-01T00:00:00Z' })).toBeUndefined();
  expect(faultOf({ ...event, time: '1999-12-31T23:59:59.999Z' })).toBe('TIME_OUT_OF_RANGE');
});

it('keeps the quantities of a meter of the catalog and refuses numbers that are no quantities', () => {
  const parsed = parseEvent(
    { ...event, type: 'images', data: { count: 3, size: '9223372036854775807', model: 'm' } },
    nowMs,
  );
  expect(parsed).toMatchObject({
    event: { meter: 'images', inputs: { count: 3, size: '9223372036854775807', model: 'm' } },
  });
  for (const count of [-1, 0.5, 2 ** 53, 'three', '-1', '1.5', '', null, {}, [], true])
    expect(faultOf({ ...event, type: 'images', data: { count } })).toBe('EVENT_MALFORMED');
  expect(
    faultOf({ ...event, id: '😀'.repeat(255), source: '😀'.repeat(512), subject: '😀'.repeat(128) }),
  ).toBeUndefined();
  for (const change of [{ id: '😀'.repeat(256) }, { source: '😀'.repeat(513) }])
    expect(faultOf({ ...event, ...change })).toBe('EVENT_MALFORMED');
  for (const data of [{ model: '' }, { model: 5 }, { model: 'x'.repeat(256) }, { '': 1 }, { ['x'.repeat(129)]: 1 }]) {
    expect(faultOf({ ...event, type: 'images', data })).toBe('EVENT_MALFORMED');
  }
  expect(parseEvent(event, nowMs)).toMatchObject({ event: { meter: 'request', inputs: { quantity: 1 } } });
  for (const quantity of [-1, 1.5, '9223372036854775808', true])
    expect(faultOf({ ...event, data: { quantity } })).toBe('EVENT_MALFORMED');
  expect(faultOf({ ...event, type: 'llm.tokens', data: { input_tokens: 1 } })).toBe('EVENT_MALFORMED');
  expect(faultOf({ ...event, data_base64: 'eA==' })).toBe('EVENT_MALFORMED');
});

// Guarantee: what was reported is counted, or refused with its name; nothing is dropped without a word.
it('takes every quantity of model usage, and says by name what it cannot take', () => {
  const usage = (data: unknown) => parseEvent({ ...event, type: 'llm.tokens', data }, nowMs);
  const detailOf = (data: unknown): string => {
    const parsed = usage(data);
    return 'fault' in parsed ? `${parsed.fault.code} ${parsed.fault.detail}` : 'taken';
  };
  const counts = { input_tokens: 86, cache_read_tokens: 1920, output_tokens: '300' };
  expect(usage({ ...counts, model: null })).toMatchObject({ event: { inputs: counts } });
  expect(detailOf({ ...counts, output_tokens: null })).toBe(
    'EVENT_MALFORMED data: output_tokens is null: a quantity is a whole number; leave out what was not counted',
  );
  expect(detailOf({ ...counts, output_tokens: 2 ** 53 })).toContain(
    'output_tokens is 9007199254740992: a JSON number is exact up to 9007199254740991 (2^53-1)',
  );
  expect(detailOf({ ...counts, output_tokens: '9223372036854775808' })).toContain(
    'output_tokens is beyond 9223372036854775807 (2^63-1)',
  );
  expect(detailOf({ ...counts, tags: { a: 1 } })).toContain('tags is an object');
  // Whether the card rates a name of its own is the ledger's to say.
  expect(detailOf({ input_tokens: 1, output_token: 4 })).toBe('taken');
  const request = parseEvent({ ...event, data: { quantitty: 7 } }, nowMs);
  expect(request).toMatchObject({ fault: { code: 'QUANTITY_UNKNOWN', detail: expect.stringContaining('quantitty') } });
  expect(detailOf(JSON.parse('{"input_tokens":1,"output_tokens":1,"__proto__":5}'))).toContain('QUANTITY_UNKNOWN');
});

it('makes keys of five times five characters without look-alikes and reads them in any case', () => {
  const key = licenceKeyFrom(Uint8Array.from({ length: 25 }, (_, index) => index * 11));
  expect(key).toMatch(/^([A-HJ-NP-Z2-9]{5}-){4}[A-HJ-NP-Z2-9]{5}$/);
  expect(normalLicenceKey(` ${key.toLowerCase()}\n`)).toBe(key);
  expect([
    isLicenceKey(''),
    isLicenceKey('A\tB'),
    isLicenceKey('A'.repeat(129)),
    isLicenceKey('😀'.repeat(129)),
    isLicenceKey('😀'.repeat(128)),
    isLicenceKey('A/B'),
  ]).toEqual([false, false, false, false, true, true]);
});

it('lets a burst of one second through and says how long to wait after it', () => {
  const bucket = newBucket(2, 0);
  expect([
    takeOne(bucket, 0),
    takeOne(bucket, 0),
    takeOne(bucket, 0),
    takeOne(bucket, 500),
    takeOne(bucket, 400),
  ]).toEqual([0, 0, 1, 0, 1]);
});
