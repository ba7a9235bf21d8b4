import type { Account } from './account.ts';
import { isRefilled } from './account.ts';
import type { Book, Posting } from './book.ts';

function resetTimer(book: Book, account: Readonly<Account>): NonNullable<Posting['timers']> {
  const period = isRefilled(account) ? book.periodAt(account, book.nowMs) : null;
  return period ? [{ dueMs: period.endMs, kind: 'reset', object: 0 }] : [];
}

/** Timers of the next reset and of the end of the tier, as of now. */
export function periodTimers(book: Book, account: Readonly<Account>): NonNullable<Posting['timers']> {
  const { tierEndMs } = account.terms.settings;
  return [...resetTimer(book, account), ...(tierEndMs === null ? [] : [{ dueMs: tierEndMs, kind: 'tier' as const, object: 0 }])];
}
