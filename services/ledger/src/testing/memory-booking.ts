import type { Answer } from '@tollgate/contracts';
import type { LogRecord } from '@tollgate/messaging';

import { bookGroup, type BookingPorts } from '../booking/book-group.ts';
import { createAccountCache, createRecentAnswers, PartitionState } from '../booking/partition-state.ts';
import { readRecords } from '../booking/read-records.ts';
import { MemoryBookStore } from './memory-book-store.ts';

/** The books of a partition as they are after a claim. */
export const inUse = (store: MemoryBookStore): PartitionState => {
  const state = new PartitionState(
    { position: store.position, names: store.names, items: [] },
    { accounts: createAccountCache(100), recent: createRecentAnswers(100) },
  );
  state.timers.load([], Infinity);
  return state;
};
export const portsOf = (store: MemoryBookStore, answer: (given: Answer) => void): BookingPorts => ({
  store,
  clockReached: () => undefined,
  pause: async () => undefined,
  warn: () => undefined,
  answer: (batch) => [...batch.values()].flat().forEach(([, given]) => answer(given)),
});

/** Books a log in batches of `size`; `restart`: all memory is lost before each. */
export async function booked(records: readonly LogRecord[], size: number, restart: boolean): Promise<MemoryBookStore> {
  const store = new MemoryBookStore();
  let state = inUse(store);
  const ports = portsOf(store, () => undefined);
  for (let from = 0; from < records.length; from += size) {
    if (restart) state = inUse(store);
    await bookGroup(ports, [{ state, records: readRecords(records.slice(from, from + size), state.decidedTimeMs) }]);
  }
  return store;
}
