import { describe, expect, it } from '@jest/globals';
import { defaultPricePlan, overageBlocks } from '@tollgate/pricing';
import fc from 'fast-check';

import { inconsistency } from '../domain/account/account.ts';
import { Folded } from '../maintenance/fold.ts';
import { leafText } from '../sealing/domain/seal.ts';
import { book, logOf } from '../testing/booked-log.ts';
import type { MemoryBookStore } from '../testing/memory-book-store.ts';
import { histories } from '../testing/random-requests.ts';

const texts = (store: MemoryBookStore): readonly string[] => store.entries.map((entry) => leafText(0, entry, null));

describe('whatever is asked of a partition', () => {
  // Guarantee: rules 9 and 12; a producer or a restart cannot change what is booked.
  it('is booked the same however it is batched and wherever memory is lost (rule 9)', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories,
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
        async (steps, sizes) => {
          const records = await logOf(steps);
          const single = await book(records, [1], false);
          const batched = await book(records, sizes, false);
          const restarted = await book(records, sizes, true);
          expect(texts(batched.store)).toEqual(texts(single.store));
          expect(texts(restarted.store)).toEqual(texts(single.store));
          expect([...batched.answers]).toEqual([...single.answers]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('sums to the balances, loses no lot or hold, and folds without drift (rule 15)', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const { store } = await book(await logOf(steps), [7], false);
        const folded = new Folded(0);
        for (const entry of store.entries) folded.add(entry);
        folded.finish();
        expect(folded.drifts).toEqual([]);
        expect(folded.trialBalance).toBe(0n);
        for (const account of folded.accounts.values()) expect(inconsistency(account)).toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  it('never lets a balance, limit or licence be overspent', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const { store } = await book(await logOf(steps), [5], false);
        for (const account of store.folded().values()) {
          const { limit, overdraft } = account.terms.settings;
          // A package's terms may let this one go below zero.
          const floor = overdraft === 'unlimited' || account.id === 'packaged' ? null : -(overdraft ?? 0n);
          if (['wallet', 'credits', 'licence'].includes(account.kind) && floor !== null)
            expect(account.balance - account.held >= floor).toBe(true);
          if (limit !== null) expect(account.counter.used + account.held <= limit).toBe(true);
          expect(account.held >= 0n && account.counter.used >= 0n).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('crosses each tier block of a period exactly once (rule 18)', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const { store } = await book(await logOf(steps), [3], true);
        const crossed = store.entries.flatMap((entry) =>
          entry.crossings.map((crossing) => `${entry.ref} ${crossing.periodStartMs} ${crossing.block}`),
        );
        expect(new Set(crossed).size).toBe(crossed.length);
        const meter = [...store.folded().values()].find(({ id }) => id === 'meter');
        const mostUsed = meter?.counter.highWater ?? 0n;
        expect(BigInt(crossed.length)).toBe(overageBlocks(mostUsed, defaultPricePlan));
      }),
      { numRuns: 100 },
    );
  });
});
