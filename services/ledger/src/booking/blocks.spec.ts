import { describe, expect, it } from '@jest/globals';
import type { LogRecord } from '@tollgate/messaging';
import { defaultPricePlan, overageBlocks } from '@tollgate/pricing';
import fc from 'fast-check';

import type { Entry } from '../domain/entry.ts';
import { Folded } from '../maintenance/fold.ts';
import { leafText } from '../sealing/domain/seal.ts';
import { MemoryBookStore } from '../testing/memory-book-store.ts';
import { booked, inUse, portsOf } from '../testing/memory-booking.ts';
import { bookGroup } from './book-group.ts';
import { readRecords } from './read-records.ts';

const startMs = Date.UTC(2026, 8, 5);
const dayMs = 86_400_000;
type Step = {
  readonly days: number;
  readonly of: 'spend' | 'late' | 'correct' | 'withdraw';
  readonly units: number;
  readonly pick: number;
};

const steps = fc.array(
  fc.record({
    days: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) }),
    of: fc.constantFrom<Step['of']>('spend', 'spend', 'late', 'correct', 'correct', 'withdraw'),
    units: fc.integer({ min: 1, max: 30_000_000 }),
    pick: fc.nat(30),
  }),
  { minLength: 3, maxLength: 30 },
);

/**
 * The log of a history of one metered account: usage, some of it of days before, corrections of any entry, and
 * withdrawals.
 */
async function logOf(history: readonly Step[]): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const store = new MemoryBookStore();
  const state = inUse(store);
  const entries: string[] = [];
  const ports = portsOf(store, ({ entry }) => void (entry && entries.push(entry.id)));
  let timeMs = startMs;
  const append = async (type: string, account: string, data: object, more: object = {}): Promise<void> => {
    const value = JSON.stringify({
      v: 1,
      type,
      source: `http:${type}`,
      id: `r${records.length}`,
      account,
      data,
      ...more,
    });
    const record = {
      offset: records.length,
      timeMs,
      key: '',
      value,
      headers: { 'reply-to': 'test', waiter: String(records.length) },
    };
    records.push(record);
    await bookGroup(ports, [{ state, records: readRecords([record], state.decidedTimeMs) }]);
  };
  await append('open', 'meter', { kind: 'metered', unit: 'u', settings: { plan: 'default' } });
  for (const { days, of, units, pick } of history) {
    timeMs += days * dayMs;
    const named = entries[pick % entries.length];
    if (of === 'spend') await append('spend', 'meter', { amount: String(units) });
    else if (of === 'late')
      await append(
        'spend',
        'meter',
        { amount: String(units) },
        { occurred: new Date(timeMs - 2 * dayMs).toISOString() },
      );
    else if (of === 'withdraw')
      await append('withdraw', 'meter', { source: pick % 2 === 0 ? 'http:correct' : 'http:spend', id: `r${pick}` });
    else if (named !== undefined)
      await append('correct', '', { entry: named, ...(pick % 3 === 0 ? { amount: String(units) } : {}) });
  }
  return records;
}

/**
 * Blocks in force, a period: what billing makes of the messages. @throws when one is left that is not in force, or
 * entered twice.
 */
function inForce(entries: readonly Entry[]): ReadonlyMap<number, ReadonlySet<bigint>> {
  const periods = new Map<number, Set<bigint>>();
  const ever = new Set<string>();
  for (const { crossings, blockChanges } of entries) {
    for (const { periodStartMs, block } of crossings) {
      if (ever.has(`${periodStartMs} ${block}`)) throw new Error(`block ${block} was entered for the first time twice`);
      ever.add(`${periodStartMs} ${block}`);
      periods.set(periodStartMs, (periods.get(periodStartMs) ?? new Set()).add(block));
    }
    for (const { periodStartMs, block, change } of blockChanges) {
      const blocks = periods.get(periodStartMs);
      if (!ever.has(`${periodStartMs} ${block}`) || blocks?.has(block) !== (change === 'left'))
        throw new Error(`block ${block} cannot be ${change}`);
      if (change === 'left') blocks.delete(block);
      else blocks.add(block);
    }
  }
  return periods;
}

/** What each period has counted, by the signed amounts of its entries. */
function usedIn(entries: readonly Entry[]): ReadonlyMap<number, { used: bigint; most: bigint }> {
  const periods = new Map<number, { used: bigint; most: bigint }>();
  for (const { periodStartMs, usedAfter } of entries) {
    if (periodStartMs === null) continue;
    const most = periods.get(periodStartMs)?.most ?? 0n;
    periods.set(periodStartMs, { used: usedAfter, most: usedAfter > most ? usedAfter : most });
  }
  return periods;
}

describe('the tier blocks of a period', () => {
  // Guarantee: what billing makes of the messages is what is owed, whatever was corrected, in whichever month (rule
  // 18).
  it('in force are always those of what is used, whatever is corrected or withdrawn in any period', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const { entries } = await booked(await logOf(history), 1, false);
        const [blocks, used] = [inForce(entries), usedIn(entries)];
        for (const [startMs, { used: units, most }] of used) {
          const count = overageBlocks(units, defaultPricePlan);
          expect([startMs, [...(blocks.get(startMs) ?? [])].sort((a, b) => Number(a - b))]).toEqual([
            startMs,
            Array.from({ length: Number(count) }, (_, index) => BigInt(index + 1)),
          ]);
          const crossed = entries
            .flatMap(({ crossings }) => crossings)
            .filter(({ periodStartMs }) => periodStartMs === startMs);
          expect(BigInt(crossed.length)).toBe(overageBlocks(most, defaultPricePlan));
        }
      }),
      { numRuns: 300 },
    );
  });

  // Guarantee: the unit that was corrected was counted in one period, and is given back there and nowhere else.
  it('count every unit of the account once: all periods together are what was spent and not given back', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const { entries } = await booked(await logOf(history), 1, false);
        let counted = 0n;
        for (const { used } of usedIn(entries).values()) counted += used;
        expect(counted).toBe(-(entries.at(-1)?.balanceAfter ?? 0n));
      }),
      { numRuns: 300 },
    );
  });

  it('are told the same however the log is batched and wherever memory is lost (rule 9)', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 2, max: 9 }), async (history, size) => {
        const records = await logOf(history);
        const told = (store: MemoryBookStore) =>
          store.entries.map((entry) => [leafText(0, entry, null), entry.crossings, entry.blockChanges]);
        const single = told(await booked(records, 1, false));
        expect(told(await booked(records, size, false))).toEqual(single);
        expect(told(await booked(records, size, true))).toEqual(single);
        const folded = new Folded(0);
        for (const entry of (await booked(records, size, true)).entries) folded.add(entry);
        folded.finish();
        expect(folded.drifts).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
