import type { Account, Hold } from './account/account.ts';
import { isRefilled } from './account/account.ts';
import { postBase } from './account/base-tier.ts';
import { bookDueLots } from './account/due-lots.ts';
import { postGrant } from './account/lots.ts';
import { holdPastDeadline } from './account/open-holds.ts';
import { periodTimers } from './account/period-timers.ts';
import { divided } from './account/purchased.ts';
import { postRelease } from './commands/hold.ts';
import type { Book } from './journal.ts';
import { priorityDefault } from './request/request.ts';

/** Books everything that became due on an account before the record's time, in order of due time (rule 16). */
export function bookDue(book: Book, accountId: string): void {
  for (;;) {
    const account = book.find(accountId);
    if (!account || account.frozen !== null || account.dueMs > book.nowMs) return;
    const hold = holdPastDeadline(account.holds, book.nowMs);
    const resetMs = dueReset(book, account) ?? Infinity;
    const tierMs = dueTierEnd(account, book.nowMs);
    if (hold && hold.expiresMs <= Math.min(resetMs, tierMs)) expireHold(book, account, hold);
    else if (tierMs !== Infinity && tierMs <= resetMs) endTier(book, account, tierMs);
    else if (resetMs !== Infinity) bookReset(book, account, resetMs);
    else {
      bookDueLots(book, accountId);
      return;
    }
    bookDueLots(book, accountId);
  }
}

function expireHold(book: Book, account: Readonly<Account>, hold: Hold): void {
  const cause = {
    source: 'timer:hold',
    id: `${hold.hold}@${hold.expiresMs}`,
    hash: null,
    occurredMs: hold.expiresMs,
    details: null,
  };
  postRelease(book, account.id, { hold, cause, outcome: 'expired' });
}

/**
 * Start of the newest period when its reset was not booked yet; older ones that were missed change nothing any more.
 */
function dueReset(book: Book, account: Readonly<Account>): number | undefined {
  if (!isRefilled(account)) return undefined;
  const { counter } = book.rolled(account, book.nowMs);
  return counter.period && account.counter.period && counter.period.startMs > account.counter.period.startMs
    ? counter.period.startMs
    : undefined;
}

/**
 * A new period: what was used is counted from 0, and what was not bought is refilled up to the allowance, never
 * lowered.
 */
function bookReset(book: Book, account: Readonly<Account>, resetMs: number): void {
  const cause = { source: 'timer:reset', id: `0@${resetMs}`, hash: null, occurredMs: resetMs, details: null };
  const missing = (account.terms.settings.allowance ?? 0n) - divided(account).own;
  const timers = periodTimers(book, account);
  if (missing <= 0n) book.post(account.id, { kind: 'reset', cause, ordinal: 0, contra: 'allowance', timers });
  else
    postGrant(book, account.id, {
      kind: 'reset',
      cause,
      ordinal: 0,
      amount: missing,
      contra: 'allowance',
      priority: priorityDefault,
      expiresMs: null,
      timers,
    });
}

const dueTierEnd = ({ terms }: Readonly<Account>, nowMs: number): number => {
  const endMs = terms.settings.tierEndMs;
  return endMs !== null && endMs <= nowMs ? endMs : Infinity;
};

/** A tier that nobody renewed ends: what is left becomes what the base tier gives. */
function endTier(book: Book, account: Readonly<Account>, endMs: number): void {
  postBase(book, account, { source: 'timer:tier', id: `0@${endMs}`, hash: null, occurredMs: endMs, details: null });
}
