import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Entry } from '../domain/entry.ts';
import { book, logOf, startMs } from '../testing/booked-log.ts';
import type { Known, Step } from '../testing/random-requests.ts';

const dayMs = 86_400_000;
const members = ['fam', 'fam/a', 'fam/a/x', 'fam/b'] as const;
const openings: readonly Step[] = members.map((id) => ({
  at: 0,
  ask: () => ({
    type: 'open',
    account: id,
    data: { kind: 'metered', unit: 'u', settings: { plan: 'default', limit: '1000000000000' } },
  }),
}));

const spend = fc
  .tuple(fc.constantFrom(...members), fc.integer({ min: 1, max: 20_000_000 }), fc.option(fc.nat(45)))
  .map(([id, units, days]) => () => ({
    type: 'spend',
    account: id,
    data: { amount: String(units) },
    ...(days === null ? {} : { occurred: new Date(startMs + days * dayMs).toISOString() }),
  }));
const correct = fc
  .tuple(fc.nat(60), fc.option(fc.integer({ min: 1, max: 20_000_000 })))
  .map(([index, units]) => ({ entries }: Known) => {
    const entry = entries[index % Math.max(1, entries.length)];
    return (
      entry && { type: 'correct', account: '', data: { entry, ...(units === null ? {} : { amount: String(units) }) } }
    );
  });
const withdraw = fc
  .tuple(fc.constantFrom(...members), fc.nat(40))
  .map(([id, index]) => () => ({ type: 'withdraw', account: id, data: { source: 'http:spend', id: `r${index}` } }));
// Often within the first hour of a month, in which the one before still takes events.
const at = fc.oneof(
  { weight: 6, arbitrary: fc.nat(200_000) },
  { weight: 1, arbitrary: fc.nat(20 * dayMs) },
  { weight: 3, arbitrary: fc.constantFrom(31 * dayMs, Date.UTC(2026, 11, 1, 0, 5) - startMs) },
);
const asks = fc.oneof(
  { weight: 4, arbitrary: spend },
  { weight: 2, arbitrary: correct },
  { weight: 1, arbitrary: withdraw },
) as unknown as fc.Arbitrary<Step['ask']>;
/** A step, and perhaps the withdrawal of what it asked some time after it. */
const steps = fc
  .array(fc.record({ at, ask: asks, withdrawn: fc.option(at, { freq: 3 }) }), { minLength: 3, maxLength: 30 })
  .map((drawn) => {
    const all: Step[] = [...openings];
    for (const one of drawn) {
      const id = `r${all.length}`;
      let asked: ReturnType<Step['ask']>;
      all.push({ at: one.at, ask: (known) => (asked = one.ask(known)) });
      if (one.withdrawn === null) continue;
      all.push({
        at: one.withdrawn,
        ask: () =>
          asked && asked.type !== 'withdraw'
            ? ({
                type: 'withdraw',
                account: asked.account,
                data: {
                  source: `http:${asked.type}`,
                  id,
                  ...('entry' in asked.data ? { entry: asked.data.entry } : {}),
                },
              } as ReturnType<Step['ask']>)
            : undefined,
      });
    }
    return all;
  });

/** What the members themselves used, by period, of which an account counts its own and its descendants'. */
function usedBelow(entries: readonly Entry[], id: string): Map<number, bigint> {
  const used = new Map<number, bigint>();
  for (const { account, kind, amount, periodStartMs } of entries) {
    if (kind === 'budgeted' || periodStartMs === null || (account !== id && !account.startsWith(`${id}/`))) continue;
    used.set(periodStartMs, (used.get(periodStartMs) ?? 0n) - amount);
  }
  return used;
}
function countedBy(entries: readonly Entry[], id: string): Map<number, bigint> {
  const used = new Map<number, bigint>();
  for (const { account, periodStartMs, usedAfter } of entries)
    if (account === id && periodStartMs !== null) used.set(periodStartMs, usedAfter);
  return used;
}
const withoutZeros = (used: Map<number, bigint>): readonly (readonly [number, bigint])[] =>
  [...used].filter(([, units]) => units !== 0n).sort(([a], [b]) => a - b);

// Guarantee: rules 17 and 20; a parent's limit and charges are about the months in which its children used something.
it('count for a parent what its children count, a month each; late, corrected, withdrawn usage too', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (asked, size, restart) => {
      const { store } = await book(await logOf(asked), [size], restart);
      for (const id of members)
        expect([id, withoutZeros(countedBy(store.entries, id))]).toEqual([
          id,
          withoutZeros(usedBelow(store.entries, id)),
        ]);
    }),
    { numRuns: 200 },
  );
});
