import { expect, it } from '@jest/globals';
import pg from 'pg';

import { MicroBatch } from './micro-batch.ts';

type Item = { readonly name: string; readonly value: number };
const refusal = (): pg.DatabaseError =>
  Object.assign(new pg.DatabaseError('refused', 0, 'error'), { severity: 'ERROR' });

function batchOf({ max = 100, fault = refusal }: { readonly max?: number; readonly fault?: () => Error } = {}) {
  const runs: (readonly Item[])[] = [];
  const batch = new MicroBatch<Item, number>({
    max,
    same: ({ name }) => name,
    run: async (items) => {
      runs.push(items);
      await new Promise((resolve) => setImmediate(resolve));
      if (items.some(({ value }) => value < 0)) throw fault();
      return items.map(({ value }) => value * 10);
    },
  });
  const add = (name: string, value: number): Promise<number> => batch.add({ name, value });
  return { add, sizes: () => runs.map(({ length }) => length) };
}

it('runs the first alone and then together what came meanwhile, each with its own result', async () => {
  const { add, sizes } = batchOf();

  expect(await Promise.all([1, 2, 3, 4].map((value) => add(`n${value}`, value)))).toEqual([10, 20, 30, 40]);
  expect(sizes()).toEqual([1, 3]);
  expect(await add('n5', 5)).toBe(50);
});

it('never puts two of one name, nor more than its bound, into one run, and keeps their order', async () => {
  const { add, sizes } = batchOf({ max: 2 });

  expect(await Promise.all([add('a', 1), add('b', 2), add('b', 3), add('b', 4), add('c', 5)])).toEqual([
    10, 20, 30, 40, 50,
  ]);
  expect(sizes()).toEqual([1, 2, 1, 1]);
});

it('rejects the one that is refused and no other', async () => {
  const { add } = batchOf();

  const ends = await Promise.allSettled([add('a', 1), add('b', 2), add('c', -1), add('d', 4)]);

  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
});

it('repeats nothing whose outcome is not known', async () => {
  const { add, sizes } = batchOf({ fault: () => new Error('the connection was lost') });

  const ends = await Promise.allSettled([add('a', 1), add('b', 2), add('c', -1)]);

  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(sizes()).toEqual([1, 2]);
});
