import { describe, expect, it } from '@jest/globals';
import { ServiceUnavailableException } from '@nestjs/common';
import { AppError } from '@tollgate/kernel';

import { failureOf } from './failure.ts';

describe('a failure at the edge', () => {
  it.each<[string, unknown, string]>([
    [
      "the gateway's own database",
      Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
      'GATEWAY_DATABASE_UNAVAILABLE',
    ],
    ['a server that is stopping', new ServiceUnavailableException(), 'SERVICE_STOPPING'],
    [
      "billing's database",
      new AppError('unavailable', 'BILLING_DATABASE_UNAVAILABLE', 'no'),
      'BILLING_DATABASE_UNAVAILABLE',
    ],
    ['billing', new AppError('unavailable', 'BILLING_UNAVAILABLE', 'no'), 'BILLING_UNAVAILABLE'],
    ['the ledger', new AppError('unavailable', 'LEDGER_UNAVAILABLE', 'no'), 'LEDGER_UNAVAILABLE'],
  ])('of %s has a code of its own', (_name, error, code) => {
    expect(failureOf(error)).toMatchObject({ status: 503, code, headers: { 'retry-after': '1' } });
  });

  it('of a caller who went away in mid-upload is no outage of the database', () => {
    expect(failureOf(Object.assign(new Error('aborted'), { code: 'ECONNRESET' })).code).not.toBe(
      'GATEWAY_DATABASE_UNAVAILABLE',
    );
  });
});
