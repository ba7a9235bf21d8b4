import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Sorted } from './sorted.ts';

type Item = { readonly key: number; readonly value: number };
const rules = {
  order: (a: Item, b: Item): number => a.key - b.key,
  summary: (items: readonly Item[]): number => Math.min(...items.map(({ value }) => value)),
};
const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(300), fc.nat()), {
  minLength: 200,
  maxLength: 1_500,
  size: 'max',
});

it('is what a map sorted by key would be after any changes, chunk by chunk, and never changes an older list', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const model = new Map<number, Item>();
      let list = Sorted.of(rules);
      const older: (readonly [list: Sorted<Item, number>, items: readonly Item[]])[] = [];
      for (const [index, [adds, key, value]] of given.entries()) {
        if (adds) model.set(key, { key, value });
        else model.delete(key);
        list = adds ? list.with({ key, value }) : list.without({ key, value });
        if (index % 100 === 0) older.push([list, sortedItems(model)]);
      }

      expect([...list]).toEqual(sortedItems(model));
      for (const [then, items] of older) expect([...then]).toEqual(items);
      for (const { items, summary } of list.chunks) {
        expect(items.length).toBeGreaterThan(0);
        expect(items.length).toBeLessThanOrEqual(64);
        expect(summary).toBe(rules.summary(items));
      }
      for (let key = 0; key <= 300; key++) expect(list.get({ key, value: 0 })).toEqual(model.get(key));
      expect([...Sorted.of(rules, model.values())]).toEqual(sortedItems(model));
    }),
    { numRuns: 50 },
  );
});

it('keeps its chunks few when most items have gone again', () => {
  let list = Sorted.of(
    rules,
    Array.from({ length: 6_400 }, (_, key) => ({ key, value: 0 })),
  );
  for (let key = 0; key < 6_400; key++) if (key % 64 !== 0) list = list.without({ key, value: 0 });

  expect([...list]).toHaveLength(100);
  expect(list.chunks.length).toBeLessThan(25);
});

const sortedItems = (model: ReadonlyMap<number, Item>): readonly Item[] =>
  [...model.values()].sort((a, b) => a.key - b.key);
