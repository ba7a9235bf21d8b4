import type { Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import type { Account, Lot } from './account.ts';
import { goodwillOf } from './account.ts';
import { lotAfter } from './lots.ts';
import { lotNumbered, lotPastExpiry } from './open-lots.ts';

/**
 * A lot past its expiry with units that no open hold reserves, if there is one; what holds reserve expires when they
 * end.
 */
export function dueLot(account: Readonly<Account>, nowMs: number): { lot: Lot; expiring: bigint } | undefined {
  const free = account.kind === 'metered' ? goodwillOf(account) : account.balance - account.held;
  if (free <= 0n) return undefined;
  const lot = lotPastExpiry(account.lots, nowMs);
  return lot && { lot, expiring: lot.left < free ? lot.left : free };
}

/**
 * Units that come back to a lot whose time is over expire at once, whatever holds reserve (ADR 10): those also that
 * filled a negative balance, because what has expired pays no debt.
 */
export function expireReturned(journal: Journal, returned: Entry, expiresMs: number): void {
  const expire = (amount: bigint, lot: Lot | null): void => {
    const seq = (journal.find(returned.account)?.seq ?? 0) + 1;
    const cause = {
      source: 'timer:lot',
      id: `${returned.seq}@${expiresMs}#${seq}`,
      hash: null,
      occurredMs: expiresMs,
      details: null,
    };
    journal.post(returned.account, {
      kind: 'expired',
      cause,
      ordinal: 0,
      amount: -amount,
      contra: 'expiry',
      ...lotAfter(lot, amount),
    });
  };
  const account = journal.find(returned.account);
  const lot = account ? lotNumbered(account.lots, returned.seq) : undefined;
  const left = lot?.left ?? 0n;
  if (lot && left > 0n) expire(left, lot);
  if (returned.amount > left) expire(returned.amount - left, null);
}

/** Books the expiry of every lot that is due. */
export function bookDueLots(journal: Journal, accountId: string): void {
  for (;;) {
    const account = journal.find(accountId);
    const due = account ? dueLot(account, journal.nowMs) : undefined;
    if (!account || !due) return;
    const dueMs = due.lot.expiresMs ?? 0;
    journal.post(accountId, {
      kind: 'expired',
      // A lot can expire in parts, as holds end: the account's sequence number tells them apart.
      cause: {
        source: 'timer:lot',
        id: `${due.lot.lot}@${dueMs}#${account.seq + 1}`,
        hash: null,
        occurredMs: dueMs,
        details: null,
      },
      ordinal: 0,
      amount: -due.expiring,
      contra: 'expiry',
      ...lotAfter(due.lot, due.expiring),
    });
  }
}
