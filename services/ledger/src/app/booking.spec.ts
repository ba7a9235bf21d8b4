import { describe, expect, it } from '@jest/globals';
import type { Answer } from '@tollgate/contracts';
import type { LogRecord } from '@tollgate/messaging';
import fc from 'fast-check';
import { overageBlocks, defaultPricePlan } from '@tollgate/pricing';
import { inconsistency } from '../domain/account.ts';
import { leafText } from '../domain/seal.ts';
import { MemoryBookStore } from '../testing/memory-book-store.ts';
import type { Step } from '../testing/random-requests.ts';
import { histories } from '../testing/random-requests.ts';
import { bookGroup } from './booking.ts';
import type { BookingPorts } from './booking.ts';
import { readRecords } from './decide-batch.ts';
import { Folded } from './fold.ts';
import { createAccountCache, createRecentAnswers, PartitionBooks } from './partition-books.ts';

const startMs = Date.parse('2026-11-21T10:00:00Z');

/** Books a log in batches of the sizes given; with `restart`, memory is dropped between batches. */
async function book(records: readonly LogRecord[], sizes: readonly number[], restart: boolean) {
  const store = new MemoryBookStore();
  const answers = new Map<number, Answer>();
  const ports: BookingPorts = {
    store, answer: (verdicts) => verdicts.forEach(({ waiter, answer }) => answers.set(waiter, answer)), clockReached: () => undefined,
    pause: async () => undefined, warn: () => undefined,
  };
  const claim = async (): Promise<PartitionBooks> => {
    const books = new PartitionBooks(await store.claim(), { accounts: createAccountCache(1_000), recent: createRecentAnswers(100) });
    books.timers.load(await store.timers(0, store.position.timer, 10_000), Infinity);
    return books;
  };
  let books = await claim();
  for (let from = 0, turn = 0; from < records.length; turn++) {
    if (restart) {
      const decided = books.decidedOffset;
      books = await claim();
      books.decidedOffset = decided;
    }
    const size = sizes[turn % sizes.length] ?? 1;
    await bookGroup(ports, [{ books, records: readRecords(records.slice(from, from + size), books.decidedTimeMs) }]);
    from += size;
  }
  return { store, answers };
}

/** The log of a history: requests one by one, each told the holds and entries that were opened before it. */
async function logOf(steps: readonly Step[]): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const store = new MemoryBookStore();
  const books = new PartitionBooks(await store.claim(), { accounts: createAccountCache(1_000), recent: createRecentAnswers(100) });
  books.timers.load([], Infinity);
  const holds: string[] = [];
  const entries: string[] = [];
  const ports: BookingPorts = {
    store, clockReached: () => undefined, pause: async () => undefined, warn: () => undefined,
    answer: (verdicts) => verdicts.forEach(({ answer }) => {
      if (answer.hold && answer.entry?.kind === 'held') holds.push(answer.hold.hold_id);
      if (answer.entry) entries.push(answer.entry.id);
    }),
  };
  let timeMs = startMs;
  for (const [index, step] of steps.entries()) {
    timeMs += step.at;
    const asked = step.ask({ holds, entries });
    if (!asked) continue;
    const source = asked.type === 'tick' ? 'ledger' : `http:${asked.type}`;
    const value = JSON.stringify({ v: 1, source, id: `r${index}`, keyed: index % 2 === 0, ...asked });
    const record = { offset: records.length, timeMs, key: '', value, headers: { 'reply-to': 'test', waiter: String(records.length) } };
    records.push(record);
    await bookGroup(ports, [{ books, records: readRecords([record], books.decidedTimeMs) }]);
  }
  return records;
}

const texts = (store: MemoryBookStore): readonly string[] => store.entries.map((entry) => leafText(0, entry, null));

describe('whatever is asked of a partition', () => {
  // Guarantee: rules 9 and 12; a producer or a restart cannot change what is booked.
  it('is booked the same however it is batched and wherever memory is lost (rule 9)', async () => {
    await fc.assert(fc.asyncProperty(histories, fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }), async (steps, sizes) => {
      const records = await logOf(steps);
      const single = await book(records, [1], false);
      const batched = await book(records, sizes, false);
      const restarted = await book(records, sizes, true);
      expect(texts(batched.store)).toEqual(texts(single.store));
      expect(texts(restarted.store)).toEqual(texts(single.store));
      expect([...batched.answers]).toEqual([...single.answers]);
    }), { numRuns: 150 });
  });

  it('sums to the balances, loses no lot or hold, and folds without drift (rule 15)', async () => {
    await fc.assert(fc.asyncProperty(histories, async (steps) => {
      const { store } = await book(await logOf(steps), [7], false);
      const folded = new Folded(0);
      for (const entry of store.entries) folded.add(entry);
      folded.finish();
      expect(folded.drifts).toEqual([]);
      expect(folded.trialBalance).toBe(0n);
      for (const account of folded.accounts.values()) expect(inconsistency(account)).toBeNull();
    }), { numRuns: 150 });
  });

  it('never lets a balance, limit or licence be overspent', async () => {
    await fc.assert(fc.asyncProperty(histories, async (steps) => {
      const { store } = await book(await logOf(steps), [5], false);
      for (const account of store.folded().values()) {
        const { limit, overdraft } = account.terms.settings;
        // A package's terms may let this one go below zero.
        const floor = overdraft === 'unlimited' || account.id === 'packaged' ? null : -(overdraft ?? 0n);
        if (['wallet', 'credits', 'licence'].includes(account.kind) && floor !== null) expect(account.balance - account.held >= floor).toBe(true);
        if (limit !== null) expect(account.counter.used + account.held <= limit).toBe(true);
        expect(account.held >= 0n && account.counter.used >= 0n).toBe(true);
      }
    }), { numRuns: 150 });
  });

  it('crosses each tier block of a period exactly once (rule 18)', async () => {
    await fc.assert(fc.asyncProperty(histories, async (steps) => {
      const { store } = await book(await logOf(steps), [3], true);
      const crossed = store.entries.flatMap((entry) => entry.crossings.map((crossing) => `${entry.ref} ${crossing.periodStartMs} ${crossing.block}`));
      expect(new Set(crossed).size).toBe(crossed.length);
      const meter = [...store.folded().values()].find(({ id }) => id === 'meter');
      const mostUsed = meter?.counter.highWater ?? 0n;
      expect(BigInt(crossed.length)).toBe(overageBlocks(mostUsed, defaultPricePlan));
    }), { numRuns: 100 });
  });
});
