import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { BackgroundWork } from './background-work.ts';
import { startLoop, startPeriodic } from './loop.ts';
import { rest } from './rest.ts';
import { OnFirstUse, sharedWhileUnderWay } from './shared.ts';
import { within } from './within.ts';

const never = 3_600_000;
const ignored = (): void => undefined;
/** Work that ends when the test says so. */
function held(): { readonly promise: Promise<void>; readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, end: resolve };
}

describe('a loop', () => {
  it('begins its next round at once when it is woken, also while a round is under way', async () => {
    let rounds = 0;
    let first = held();
    const loop = startLoop({
      round: async () => {
        rounds++;
        if (rounds === 1) await first.promise;
        return never;
      },
      onFailure: ignored,
    });
    loop.wake();
    first.end();
    await waitFor('the second round', () => rounds === 2);
    loop.wake();
    await waitFor('the third round', () => rounds === 3);
    first = held();
    await loop.stop();
    expect(rounds).toBe(3);
  });

  it('reports a round that fails and goes on', async () => {
    const failures: unknown[] = [];
    let rounds = 0;
    const loop = startLoop({
      round: () => (++rounds === 1 ? Promise.reject(new Error('away')) : Promise.resolve(never)),
      onFailure: (error) => failures.push(error),
    });
    await waitFor('the failure', () => failures.length === 1);
    loop.wake();
    await waitFor('the next round', () => rounds === 2);
    await loop.stop();
    expect(failures).toEqual([new Error('away')]);
  });

  it('ends when the round under way has ended, and tells it to', async () => {
    const round = held();
    let told: AbortSignal | undefined;
    const loop = startLoop({
      round: async (stopped) => {
        told = stopped;
        await round.promise;
        return 0;
      },
      onFailure: ignored,
    });
    let ended = false;
    const stopped = loop.stop().then(() => (ended = true));
    await rest(1);
    expect([told?.aborted, ended]).toEqual([true, false]);
    round.end();
    await stopped;
  });
});

it('periodic work waits first, repeats, and is repeated after a failure', async () => {
  const seen: string[] = [];
  const loop = startPeriodic({
    everyMs: 5,
    work: () => {
      seen.push('work');
      if (seen.length === 1) throw new Error('away');
    },
    onFailure: () => seen.push('failure'),
  });
  expect(seen).toEqual([]);
  await waitFor('three rounds', () => seen.length >= 4);
  await loop.stop();
  expect(seen.slice(0, 4)).toEqual(['work', 'failure', 'work', 'work']);
});

it('work by name stops what passes on last, and wakes what runs here', async () => {
  const seen: string[] = [];
  const work = new BackgroundWork<'worker' | 'publisher' | 'elsewhere'>();
  for (const name of ['publisher', 'worker'] as const)
    work.add(
      name,
      () => ({
        wake: () => seen.push(`wake ${name}`),
        stop: async () => {
          await rest(1);
          seen.push(`stop ${name}`);
        },
      }),
      { stopLast: name === 'publisher' },
    );
  work.wake('worker');
  work.start();
  work.wake('worker');
  work.wake('elsewhere');
  await work.stop();
  expect(seen).toEqual(['wake worker', 'stop worker', 'stop publisher']);
});

describe('what is opened on first use', () => {
  it('is opened once, and again after it could not be', async () => {
    let opened = 0;
    const used = new OnFirstUse(() => (++opened === 1 ? Promise.reject(new Error('away')) : Promise.resolve(opened)));
    await expect(Promise.all([used.get(), used.get()])).rejects.toThrow('away');
    expect(await Promise.all([used.get(), used.get()])).toEqual([2, 2]);
  });

  it('is closed after a use that failed, and opened anew by the next one', async () => {
    const closed: number[] = [];
    let opened = 0;
    const used = new OnFirstUse(
      () => Promise.resolve(++opened),
      (one) => Promise.resolve(closed.push(one)),
    );
    await expect(used.use(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    expect(await used.use((one) => Promise.resolve(one))).toBe(2);
    const late = (result: Promise<unknown>): Promise<unknown> => within(1, result, () => new Error('too late'));
    await expect(used.use(() => new Promise(() => undefined), late)).rejects.toThrow('too late');
    expect(await used.get()).toBe(3);
    await used.close();
    expect(closed).toEqual([1, 2, 3]);
  });

  it('is shared by calls while it is under way', async () => {
    let calls = 0;
    const first = held();
    const ask = sharedWhileUnderWay(async () => {
      calls++;
      await first.promise;
      return calls;
    });
    const both = Promise.all([ask(), ask()]);
    first.end();
    expect(await both).toEqual([1, 1]);
    expect(await ask()).toBe(2);
  });
});

it('what takes too long is given up, with the error that says so', async () => {
  await expect(within(1, new Promise(() => undefined), () => new Error('too late'))).rejects.toThrow('too late');
  expect(await within(never, Promise.resolve(1), () => new Error('too late'))).toBe(1);
});
