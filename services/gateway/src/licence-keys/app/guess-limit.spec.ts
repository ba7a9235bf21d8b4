import { expect, it } from '@jest/globals';
import { AppError } from '@tollgate/kernel';
import { fakeClock } from '@tollgate/testing';

import { GuessLimit } from './guess-limit.ts';

const nothing = async (): Promise<null> => null;
const something = async (): Promise<string> => 'key';
const limited = { kind: 'refused', code: 'RATE_LIMITED' };

it('lets an address guess twenty times in fifteen minutes, also in parallel; nobody else waits', async () => {
  const clock = fakeClock();
  const limit = new GuessLimit(clock);
  const tries = await Promise.allSettled(Array.from({ length: 30 }, () => limit.lookUp('192.0.2.1', nothing)));
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  await expect(limit.lookUp('192.0.2.1', something)).rejects.toMatchObject({
    ...limited,
    details: { retry_after_s: 900 },
  });
  expect(await limit.lookUp('192.0.2.2', something)).toBe('key');
  clock.advance(15 * 60_000 - 1);
  await expect(limit.lookUp('192.0.2.1', nothing)).rejects.toMatchObject(limited);
  clock.advance(1);
  expect(await limit.lookUp('192.0.2.1', nothing)).toBeNull();
});

it('does not count what is there as a guess, but does not answer without end either', async () => {
  const clock = fakeClock();
  const limit = new GuessLimit(clock);
  for (let i = 0; i < 300; i++) expect(await limit.lookUp('a', something)).toBe('key');
  await expect(limit.lookUp('a', something)).rejects.toMatchObject({ ...limited, details: { retry_after_s: 60 } });
  clock.advance(60_000);
  for (let i = 0; i < 20; i++) expect(await limit.lookUp('a', nothing)).toBeNull();
  await expect(limit.lookUp('a', nothing)).rejects.toMatchObject(limited);
});

it('lets as many as like ask at once for what is there', async () => {
  const limit = new GuessLimit(fakeClock());
  expect(await Promise.all(Array.from({ length: 100 }, () => limit.lookUp('a', something)))).toEqual(
    Array.from({ length: 100 }, () => 'key'),
  );
  await expect(limit.lookUp('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await limit.lookUp('a', something)).toBe('key');
});

it('lets a user name a hundred unknown keys in fifteen minutes; other refusals are no guesses', async () => {
  const clock = fakeClock();
  const limit = new GuessLimit(clock);
  const mallory = { address: '192.0.2.1', userId: 'mallory' };
  const refused = (code: 'KEY_UNKNOWN' | 'NOT_OWNER') =>
    limit.answerUser(mallory, () => Promise.reject(new AppError('refused', code, 'no')));
  for (let i = 0; i < 200; i++) await expect(refused('NOT_OWNER')).rejects.toMatchObject({ code: 'NOT_OWNER' });
  for (let i = 0; i < 100; i++) await expect(refused('KEY_UNKNOWN')).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
  await expect(limit.answerUser(mallory, something)).rejects.toMatchObject({
    ...limited,
    details: { retry_after_s: 900 },
  });
  expect(await limit.answerUser({ ...mallory, userId: 'alice' }, something)).toBe('key');
  clock.advance(15 * 60_000);
  expect(await limit.answerUser(mallory, something)).toBe('key');
});
