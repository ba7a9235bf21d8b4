import { expect, it } from '@jest/globals';
import { fakeClock } from '@tollgate/testing';
import { GuessLimit } from './guess-limit.ts';

const nothing = async (): Promise<null> => null;
const something = async (): Promise<string> => 'key';
const limited = { kind: 'refused', code: 'RATE_LIMITED' };

it('lets an address guess twenty times in fifteen minutes, parallel guesses included, and nobody else wait for it', async () => {
  const clock = fakeClock();
  const limit = new GuessLimit(clock);
  const tries = await Promise.allSettled(Array.from({ length: 30 }, () => limit.lookUp('192.0.2.1', nothing)));
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  await expect(limit.lookUp('192.0.2.1', something)).rejects.toMatchObject({ ...limited, details: { retry_after_s: 900 } });
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
