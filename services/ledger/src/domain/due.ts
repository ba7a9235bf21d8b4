import { AppError } from '@tollgate/kernel';

import type { Account } from './account/account.ts';
import { isRefilled } from './account/account.ts';
import type { Hold } from './account/hold.ts';
import { holdPastDeadline } from './account/open-holds.ts';
import { divided } from './account/purchased.ts';
import type { Journal } from './journal.ts';
import { postBase } from './posting/base-tier.ts';
import { bookDueLots } from './posting/due-lots.ts';
import { postRelease } from './posting/hold-end.ts';
import { postGrant } from './posting/lots.ts';
import { periodTimers } from './posting/period-timers.ts';
import { priorityDefault } from './request/request.ts';

/** Books everything that became due on an account before the record's time, in order of due time (rule 16). */
export function bookDue(journal: Journal, accountId: string): void {
  bookInOrder(journal, accountId);
  if (journal.refusal)
    throw new AppError('bug', 'INVARIANT_BROKEN', `what is due on ${accountId}: ${journal.refusal.problem.detail}`);
}

function bookInOrder(journal: Journal, accountId: string): void {
  for (;;) {
    const account = journal.find(accountId);
    if (!account || account.frozen !== null || account.dueMs > journal.nowMs) return;
    const hold = holdPastDeadline(account.holds, journal.nowMs);
    const resetMs = dueReset(journal, account) ?? Infinity;
    const tierMs = dueTierEnd(account, journal.nowMs);
    if (hold && hold.expiresMs <= Math.min(resetMs, tierMs)) expireHold(journal, account, hold);
    else if (tierMs !== Infinity && tierMs <= resetMs) endTier(journal, account, tierMs);
    else if (resetMs !== Infinity) bookReset(journal, account, resetMs);
    else {
      bookDueLots(journal, accountId);
      return;
    }
    bookDueLots(journal, accountId);
  }
}

function expireHold(journal: Journal, account: Readonly<Account>, hold: Hold): void {
  const cause = {
    source: 'timer:hold',
    id: `${hold.hold}@${hold.expiresMs}`,
    hash: null,
    occurredMs: hold.expiresMs,
    details: null,
  };
  postRelease(journal, account.id, { hold, cause, outcome: 'expired' });
}

/**
 * Start of the newest period when its reset was not booked yet. Earlier resets that were missed have no effect any
 * more.
 */
function dueReset(journal: Journal, account: Readonly<Account>): number | undefined {
  if (!isRefilled(account)) return undefined;
  const { counter } = journal.countersAt(account, journal.nowMs);
  return counter.period && account.counter.period && counter.period.startMs > account.counter.period.startMs
    ? counter.period.startMs
    : undefined;
}

/**
 * Begins a period: usage counts from 0, and units that were not bought are refilled up to the allowance, never lowered.
 */
function bookReset(journal: Journal, account: Readonly<Account>, resetMs: number): void {
  const cause = { source: 'timer:reset', id: `0@${resetMs}`, hash: null, occurredMs: resetMs, details: null };
  const missing = (account.terms.settings.allowance ?? 0n) - divided(account).own;
  const timers = periodTimers(journal, account);
  if (missing <= 0n) journal.post(account.id, { kind: 'reset', cause, ordinal: 0, contra: 'allowance', timers });
  else
    postGrant(journal, account.id, {
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

/** Ends a tier that was not renewed: what is left becomes what the base tier gives. */
function endTier(journal: Journal, account: Readonly<Account>, endMs: number): void {
  postBase(journal, account, { source: 'timer:tier', id: `0@${endMs}`, hash: null, occurredMs: endMs, details: null });
}
