import { describe, expect, it } from '@jest/globals';

import { openWallet } from './harness/load.ts';
import type { Platform } from './harness/platform.ts';

const json = 'application/json';
const oneEvent = 'application/cloudevents+json';
const spend = '/v1/accounts/bad-input/spend';
const event = (change: object): string =>
  JSON.stringify({
    specversion: '1.0',
    id: 'e-1',
    source: '/bad',
    type: 'request',
    subject: 'bad-input',
    data: { quantity: 1 },
    ...change,
  });
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const beyond = '9223372036854775808';

type Bad = readonly [
  what: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  contentType: string,
  status: number,
  code?: string,
];
const bad: readonly Bad[] = [
  ['JSON that ends in the middle', spend, '{"amount":"1"', json, 400, 'BODY_MALFORMED'],
  ['no body', spend, '', json, 400],
  ['an array for an object', spend, '[]', json, 400],
  ['bytes that are not UTF-8', spend, new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), json, 400, 'BODY_MALFORMED'],
  [
    'a body over 1 MiB',
    spend,
    JSON.stringify({ amount: '1', metadata: { text: 'x'.repeat(1_048_576) } }),
    json,
    413,
    'BODY_TOO_LARGE',
  ],
  ['another content type', spend, 'amount=1', 'application/x-www-form-urlencoded', 415],
  ['a JSON number as amount', spend, '{"amount":1}', json, 400],
  ['null as amount', spend, '{"amount":null}', json, 400],
  ['a negative amount', spend, '{"amount":"-1"}', json, 400],
  ['a zero amount', spend, '{"amount":"0"}', json, 400],
  ['a fractional amount', spend, '{"amount":"1.5"}', json, 400],
  ['an exponent', spend, '{"amount":"1e3"}', json, 400],
  ['an amount with spaces', spend, '{"amount":" 1"}', json, 400],
  ['an amount beyond 2^63', spend, `{"amount":"${beyond}"}`, json, 400, 'AMOUNT_OUT_OF_RANGE'],
  ['an amount of a thousand digits', spend, `{"amount":"${'9'.repeat(1_000)}"}`, json, 400],
  ['amount and usage together', spend, '{"amount":"1","usage":{"input_tokens":1,"output_tokens":1}}', json, 400],
  ['usage with a negative count', spend, '{"usage":{"input_tokens":1,"output_tokens":-4}}', json, 400],
  ['usage with a fractional count', spend, '{"usage":{"input_tokens":1,"output_tokens":0.5}}', json, 400],
  [
    'usage with a negative count of an odd name',
    spend,
    '{"usage":{"input_tokens":1,"output_tokens":1,"constructor":-5}}',
    json,
    400,
  ],
  ['an unknown account', '/v1/accounts/nobody-here/spend', '{"amount":"1"}', json, 404, 'ACCOUNT_UNKNOWN'],
  ['an account id with a broken escape', '/v1/accounts/%E0%A4%A/spend', '{"amount":"1"}', json, 400],
  ['an account id with an empty segment', '/v1/accounts/a%2F%2Fb/spend', '{"amount":"1"}', json, 400],
  ['a NUL in metadata', spend, '{"amount":"1","metadata":{"text":"a\\u0000b"}}', json, 400, 'BODY_MALFORMED'],
  ['a lone surrogate in metadata', spend, '{"amount":"1","metadata":{"text":"\\ud800"}}', json, 400, 'BODY_MALFORMED'],
  ['a NUL in a member name', spend, '{"amount":"1","metadata":{"a\\u0000b":1}}', json, 400, 'BODY_MALFORMED'],
  ['JSON nested deeper than 64', spend, `{"amount":"1","metadata":{"deep":${deep(70)}}}`, json, 400, 'BODY_MALFORMED'],
  [
    'JSON nested ten thousand deep',
    spend,
    `{"amount":"1","metadata":{"deep":${deep(10_000)}}}`,
    json,
    400,
    'BODY_MALFORMED',
  ],
  ['a hold that never expires', '/v1/accounts/bad-input/holds', '{"amount":"1","expires_in_s":0}', json, 400],
  ['a hold for a fraction of a second', '/v1/accounts/bad-input/holds', '{"amount":"1","expires_in_s":0.5}', json, 400],
  ['an unknown hold', '/v1/holds/h-1-1-99/settle', '{"amount":"1"}', json, 404, 'HOLD_UNKNOWN'],
  ['a hold id that is none', '/v1/holds/..%2F..%2Fetc/settle', '{"amount":"1"}', json, 404],
  [
    'a grant beyond 2^63',
    '/v1/accounts/bad-input/grants',
    `{"amount":"${beyond}","reason":"x"}`,
    json,
    400,
    'AMOUNT_OUT_OF_RANGE',
  ],
  [
    'a grant that takes the balance beyond 2^63',
    '/v1/accounts/bad-input/grants',
    '{"amount":"9223372036854775807","reason":"x"}',
    json,
    400,
    'AMOUNT_OUT_OF_RANGE',
  ],
  [
    'a grant that expired',
    '/v1/accounts/bad-input/grants',
    '{"amount":"1","reason":"x","expires_at":"2001-01-01T00:00:00Z"}',
    json,
    400,
    'TIME_OUT_OF_RANGE',
  ],
  [
    'a grant that expires on no day',
    '/v1/accounts/bad-input/grants',
    '{"amount":"1","reason":"x","expires_at":"2031-02-30T00:00:00Z"}',
    json,
    400,
  ],
  ['an account of an unknown kind', '/v1/accounts', '{"id":"bad-2","kind":"purse","unit":"token"}', json, 400],
  [
    'an account with an unknown setting',
    '/v1/accounts',
    '{"id":"bad-2","kind":"wallet","unit":"token","settings":{"colour":"1"}}',
    json,
    400,
  ],
  [
    'an account with a negative limit',
    '/v1/accounts',
    '{"id":"bad-2","kind":"wallet","unit":"token","settings":{"limit":"-1"}}',
    json,
    400,
  ],
  ['an event without an id', '/v1/events', event({ id: undefined }), oneEvent, 400, 'EVENT_MALFORMED'],
  [
    'an event of another CloudEvents version',
    '/v1/events',
    event({ specversion: '0.3' }),
    oneEvent,
    400,
    'EVENT_MALFORMED',
  ],
  [
    'an event with a negative quantity',
    '/v1/events',
    event({ data: { quantity: -1 } }),
    oneEvent,
    400,
    'EVENT_MALFORMED',
  ],
  [
    'an event with a fractional quantity',
    '/v1/events',
    event({ data: { quantity: 0.5 } }),
    oneEvent,
    400,
    'EVENT_MALFORMED',
  ],
  [
    'an event with a quantity beyond 2^63',
    '/v1/events',
    event({ data: { quantity: beyond } }),
    oneEvent,
    400,
    'EVENT_MALFORMED',
  ],
  ['an event before 2000', '/v1/events', event({ time: '1999-12-31T23:59:59Z' }), oneEvent, 400, 'TIME_OUT_OF_RANGE'],
  [
    'an event far in the future',
    '/v1/events',
    event({ time: '2999-01-01T00:00:00Z' }),
    oneEvent,
    400,
    'TIME_OUT_OF_RANGE',
  ],
  ['an event at no time', '/v1/events', event({ time: 'yesterday' }), oneEvent, 400, 'EVENT_MALFORMED'],
  ['a string for an event', '/v1/events', '"event"', oneEvent, 400, 'EVENT_MALFORMED'],
  ['an empty batch', '/v1/events', '[]', 'application/cloudevents-batch+json', 400],
  [
    'a batch of more than 1,000',
    '/v1/events',
    JSON.stringify(Array(1_001).fill({})),
    'application/cloudevents-batch+json',
    400,
  ],
  [
    'a batch over 8 MiB',
    '/v1/events',
    `["${'x'.repeat(8_500_000)}"]`,
    'application/cloudevents-batch+json',
    413,
    'BODY_TOO_LARGE',
  ],
];

/** Whatever comes in, what goes out is a clear refusal: nothing booked, nothing broken. */
export function refusesBadInput(platform: () => Platform): void {
  describe('bad input', () => {
    it('is refused with a clear 4xx in problem+json, books nothing, and leaves the platform healthy', async () => {
      const { server, anybody } = platform();
      await openWallet(server, 'bad-input', '1000');
      const before = (await server.get('/v1/accounts/bad-input')).body;

      const answers: unknown[] = [];
      const expected: unknown[] = [];
      for (const [what, path, body, contentType, status, code] of bad) {
        const reply = await server.raw(path, body, { 'content-type': contentType });
        const problem = reply.headers.get('content-type')?.split(';')[0];
        answers.push([what, reply.status, problem, reply.body]);
        const fields = {
          status,
          code: code ?? expect.any(String),
          title: expect.any(String),
          detail: expect.any(String),
          correlation_id: expect.any(String),
        };
        expected.push([what, status, 'application/problem+json', expect.objectContaining(fields)]);
      }

      expect(answers).toEqual(expected);
      expect((await server.get('/v1/accounts/bad-input')).body).toEqual(before);
      expect((await server.get('/v1/accounts/bad-2')).status).toBe(404);
      expect((await anybody.get('/health/ready')).status).toBe(200);
    });

    it('in one event of a batch holds up no other', async () => {
      const { server } = platform();
      const bad = event({ id: 'bad-1', data: { quantity: -1 } });
      const batch = `[${event({ id: 'good-1' })},${bad},7,${event({ id: 'good-2' })}]`;

      const reply = await server.raw('/v1/events', batch, { 'content-type': 'application/cloudevents-batch+json' });

      expect(reply.status).toBe(207);
      expect(reply.body).toMatchObject({
        accepted: 2,
        receipts: [{ id: 'good-1' }, { id: 'good-2' }],
        rejected: [
          { index: 1, id: 'bad-1', code: 'EVENT_MALFORMED' },
          { index: 2, code: 'EVENT_MALFORMED' },
        ],
      });
    });

    it('that only the books can judge is refused one by one, with its reason', async () => {
      const { server } = platform();
      const [unknown, unheard] = [
        event({ id: 'r-1', subject: 'nobody-here' }),
        event({ id: 'r-2', type: 'unheard.of' }),
      ];
      const batch = `[${unknown},${unheard},${event({ id: 'r-3' })}]`;

      const reply = await server.raw('/v1/events?wait=booked', batch, {
        'content-type': 'application/cloudevents-batch+json',
      });

      expect(reply.body).toMatchObject({
        results: [
          { id: 'r-1', status: 'refused', problem: { code: 'ACCOUNT_UNKNOWN' } },
          { id: 'r-2', status: 'refused', problem: { code: 'EVENT_TYPE_UNKNOWN' } },
          { id: 'r-3', status: 'booked' },
        ],
      });
    });
  });
}
