import { describe, expect, it } from '@jest/globals';
import { AppError } from '@tollgate/kernel';

import { guardQueries, isDatabaseOutage, orUnavailable } from './outage.ts';

const coded = (code: string, more: object = {}): Error => Object.assign(new Error('x'), { code, ...more });

describe('an outage of the database', () => {
  it.each([
    ['a refused connection', coded('ECONNREFUSED')],
    ['a lost one', coded('ECONNRESET', { syscall: 'read' })],
    ['no such name', coded('ENOTFOUND')],
    ['a missing socket', coded('ENOENT', { syscall: 'connect' })],
    ['all addresses refused', new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')])],
    ['a server that starts', coded('57P03')],
    ['too many clients', coded('53300')],
    ['a deadlock', coded('40P01')],
    ['a lock time-out', coded('55P03')],
    ['a closed connection', new Error('Connection terminated unexpectedly')],
    ['a slow answer', new Error('Query read timeout')],
  ])('is %s', (_name, error) => expect(isDatabaseOutage(error)).toBe(true));

  it.each([
    ['a mistake in a query', coded('42601')],
    ['a missing table', coded('42P01')],
    ['a broken constraint', coded('23505')],
    ['a missing file', coded('ENOENT', { syscall: 'open' })],
    ['a caller who went away', Object.assign(new Error('aborted'), { code: 'ECONNRESET' })],
    ['a TypeError', new TypeError('x is undefined')],
    ['nothing', undefined],
    ['an error of ours', new AppError('invalid', 'REQUEST_INVALID', 'timeout exceeded')],
  ])('is not %s', (_name, error) => expect(isDatabaseOutage(error)).toBe(false));

  // Guarantee: a defect never looks like an outage, which everybody waits out.
  it('is told by the code of the service whose database it is; a mistake stays what it is', async () => {
    await expect(
      orUnavailable('BILLING_DATABASE_UNAVAILABLE', () => Promise.reject(coded('57P01'))),
    ).rejects.toMatchObject({ kind: 'unavailable', code: 'BILLING_DATABASE_UNAVAILABLE' });
    const queries = guardQueries('LEDGER_DATABASE_UNAVAILABLE', {
      down: () => Promise.reject(coded('ECONNREFUSED')),
      broken: () => Promise.reject(new TypeError('no')),
      refused: () => Promise.reject(new AppError('conflict', 'HOLD_ENDED', 'no')),
      fine: (n: number) => Promise.resolve(n + 1),
    });
    await expect(queries.down()).rejects.toMatchObject({ kind: 'unavailable', code: 'LEDGER_DATABASE_UNAVAILABLE' });
    await expect(queries.broken()).rejects.toBeInstanceOf(TypeError);
    await expect(queries.refused()).rejects.toMatchObject({ code: 'HOLD_ENDED' });
    expect(await queries.fine(1)).toBe(2);
  });
});
