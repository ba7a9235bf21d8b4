import type { Answer } from '@tollgate/contracts';
import type { LogRecord } from '@tollgate/messaging';

import type { BookingPorts } from '../booking/book-group.ts';
import { bookGroup } from '../booking/book-group.ts';
import { createAccountCache, createRecentAnswers, PartitionState } from '../booking/partition-state.ts';
import { readRecords } from '../booking/read-records.ts';
import { MemoryBookStore } from './memory-book-store.ts';
import type { Step } from './random-requests.ts';

export const startMs = Date.parse('2026-11-21T10:00:00Z');

/** Books a log in batches of the sizes given; with `restart`, memory is dropped between batches. */
export async function book(records: readonly LogRecord[], sizes: readonly number[], restart: boolean) {
  const store = new MemoryBookStore();
  const answers = new Map<number, Answer>();
  const ports: BookingPorts = {
    store,
    answer: (batch) => [...batch.values()].flat().forEach(([waiter, answer]) => answers.set(waiter, answer)),
    clockReached: () => undefined,
    pause: async () => undefined,
    warn: () => undefined,
  };
  const claim = async (): Promise<PartitionState> => {
    const state = new PartitionState(await store.claim(), {
      accounts: createAccountCache(1_000),
      recent: createRecentAnswers(100),
    });
    state.timers.load(await store.timers(0, store.position.timer, 10_000), Infinity);
    return state;
  };
  let state = await claim();
  for (let from = 0, turn = 0; from < records.length; turn++) {
    if (restart) {
      const decided = state.decidedOffset;
      state = await claim();
      state.decidedOffset = decided;
    }
    const size = sizes[turn % sizes.length] ?? 1;
    await bookGroup(ports, [{ state, records: readRecords(records.slice(from, from + size), state.decidedTimeMs) }]);
    from += size;
  }
  return { store, answers };
}

/** The log of a history: requests one by one, each told the holds and entries that were opened before it. */
export async function logOf(steps: readonly Step[]): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const store = new MemoryBookStore();
  const state = new PartitionState(await store.claim(), {
    accounts: createAccountCache(1_000),
    recent: createRecentAnswers(100),
  });
  state.timers.load([], Infinity);
  const holds: string[] = [];
  const entries: string[] = [];
  const ports: BookingPorts = {
    store,
    clockReached: () => undefined,
    pause: async () => undefined,
    warn: () => undefined,
    answer: (batch) =>
      [...batch.values()].flat().forEach(([, answer]) => {
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
    const record = {
      offset: records.length,
      timeMs,
      key: '',
      value,
      headers: { 'reply-to': 'test', waiter: String(records.length) },
    };
    records.push(record);
    await bookGroup(ports, [{ state, records: readRecords([record], state.decidedTimeMs) }]);
  }
  return records;
}
