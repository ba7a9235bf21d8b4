import type { Answer } from '@tollgate/contracts';
import type { LogRecord } from '@tollgate/messaging';

import type { BookingPorts } from '../booking/booking.ts';
import { bookGroup } from '../booking/booking.ts';
import { readRecords } from '../booking/decide-batch.ts';
import { createAccountCache, createRecentAnswers, PartitionBooks } from '../booking/partition-books.ts';
import { MemoryBookStore } from './memory-book-store.ts';
import type { Step } from './random-requests.ts';

export const startMs = Date.parse('2026-11-21T10:00:00Z');

/** Books a log in batches of the sizes given; with `restart`, memory is dropped between batches. */
export async function book(records: readonly LogRecord[], sizes: readonly number[], restart: boolean) {
  const store = new MemoryBookStore();
  const answers = new Map<number, Answer>();
  const ports: BookingPorts = {
    store,
    answer: (verdicts) => verdicts.forEach(({ waiter, answer }) => answers.set(waiter, answer)),
    clockReached: () => undefined,
    pause: async () => undefined,
    warn: () => undefined,
  };
  const claim = async (): Promise<PartitionBooks> => {
    const books = new PartitionBooks(await store.claim(), {
      accounts: createAccountCache(1_000),
      recent: createRecentAnswers(100),
    });
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
export async function logOf(steps: readonly Step[]): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const store = new MemoryBookStore();
  const books = new PartitionBooks(await store.claim(), {
    accounts: createAccountCache(1_000),
    recent: createRecentAnswers(100),
  });
  books.timers.load([], Infinity);
  const holds: string[] = [];
  const entries: string[] = [];
  const ports: BookingPorts = {
    store,
    clockReached: () => undefined,
    pause: async () => undefined,
    warn: () => undefined,
    answer: (verdicts) =>
      verdicts.forEach(({ answer }) => {
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
    await bookGroup(ports, [{ books, records: readRecords([record], books.decidedTimeMs) }]);
  }
  return records;
}
