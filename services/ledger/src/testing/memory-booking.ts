import type { Answer } from '@tollgate/contracts';
import type { LogRecord } from '@tollgate/messaging';

import { bookGroup, type BookingPorts } from '../booking/booking.ts';
import { readRecords } from '../booking/decide-batch.ts';
import { createAccountCache, createRecentAnswers, PartitionBooks } from '../booking/partition-books.ts';
import { MemoryBookStore } from './memory-book-store.ts';

/** The books of a partition as they are after a claim. */
export const inUse = (store: MemoryBookStore): PartitionBooks => {
  const books = new PartitionBooks(
    { position: store.position, names: store.names, items: [] },
    { accounts: createAccountCache(100), recent: createRecentAnswers(100) },
  );
  books.timers.load([], Infinity);
  return books;
};
export const portsOf = (store: MemoryBookStore, answer: (given: Answer) => void): BookingPorts => ({
  store,
  clockReached: () => undefined,
  pause: async () => undefined,
  warn: () => undefined,
  answer: (verdicts) => verdicts.forEach((verdict) => answer(verdict.answer)),
});

/** Books a log in batches of `size`; `restart`: all memory is lost before each. */
export async function booked(records: readonly LogRecord[], size: number, restart: boolean): Promise<MemoryBookStore> {
  const store = new MemoryBookStore();
  let books = inUse(store);
  const ports = portsOf(store, () => undefined);
  for (let from = 0; from < records.length; from += size) {
    if (restart) books = inUse(store);
    await bookGroup(ports, [{ books, records: readRecords(records.slice(from, from + size), books.decidedTimeMs) }]);
  }
  return store;
}
