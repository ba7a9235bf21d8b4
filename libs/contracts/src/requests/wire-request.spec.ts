import { describe, expect, it } from '@jest/globals';

import type { LedgerRequest } from './ledger-requests.ts';
import { fromWireRequest, toWireRequest } from './wire-request.ts';

const spend: LedgerRequest<'spend'> = {
  v: 1,
  type: 'spend',
  source: 'http:spend',
  id: 'r-1',
  account: 'acme/search',
  data: { amount: '1' },
};

describe('a request as a record', () => {
  it('is read as it was written', () => {
    expect(fromWireRequest(toWireRequest(spend, 7).value)).toEqual(spend);
  });

  it('goes to the topic of requests under the key of its family, or its own', () => {
    expect(toWireRequest(spend, 7)).toMatchObject({ topic: 'usage.events.v1', partition: 7, key: 'acme' });
    const release: LedgerRequest = { ...spend, type: 'release', account: '', data: { hold: 'h-0-1-3' } };
    expect(toWireRequest(release, 0).key).toBe('r-1');
  });

  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['another version', JSON.stringify({ ...spend, v: 2 })],
    ['an empty id', JSON.stringify({ ...spend, id: '' })],
    ['a source that is too long', JSON.stringify({ ...spend, source: 'x'.repeat(521) })],
    ['an account that PostgreSQL refuses', JSON.stringify({ ...spend, account: 'a\u0000' })],
    ['no data', JSON.stringify({ ...spend, data: null })],
    ['a hash of another length', JSON.stringify({ ...spend, hash: 'abc' })],
    ['details without a salt', JSON.stringify({ ...spend, details: {} })],
  ])('is refused with the reason: %s', (_, value) => {
    expect(() => fromWireRequest(value)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  });
});
