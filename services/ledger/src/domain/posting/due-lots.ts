import type { Account } from '../account/account.ts';
import { goodwillOf } from '../account/account.ts';
import type { Lot } from '../account/lot.ts';
import { lotNumbered, lotPastExpiry } from '../account/open-lots.ts';
import type { Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { lotAfter } from './lots.ts';

/** Books the expiry of every lot that is due. What open holds reserve expires when they end. */
export function bookDueLots(journal: Journal, accountId: string): void {
  for (;;) {
    const account = journal.account(accountId);
    const due = dueLot(account, journal.nowMs);
    if (!due) return;
    const { lot, expiring } = due;
    postExpiry(journal, accountId, { amount: expiring, of: lot.lot, lot, dueMs: lot.expiresMs ?? 0 });
  }
}

/**
 * Units that come back to a lot whose time is over expire at once, whatever holds reserve (ADR 10): those also that
 * filled a negative balance, because what has expired pays no debt.
 */
export function expireReturned(journal: Journal, returned: Entry, expiresMs: number): void {
  const lot = lotNumbered(journal.account(returned.account).lots, returned.seq) ?? null;
  const left = lot?.left ?? 0n;
  const expiry = { of: returned.seq, dueMs: expiresMs };
  if (left > 0n) postExpiry(journal, returned.account, { ...expiry, amount: left, lot });
  if (returned.amount > left)
    postExpiry(journal, returned.account, { ...expiry, amount: returned.amount - left, lot: null });
}

/** A lot past its expiry with units that no open hold reserves, if there is one. */
function dueLot(account: Readonly<Account>, nowMs: number): { lot: Lot; expiring: bigint } | undefined {
  const free = account.kind === 'metered' ? goodwillOf(account) : account.balance - account.held;
  if (free <= 0n) return undefined;
  const lot = lotPastExpiry(account.lots, nowMs);
  return lot && { lot, expiring: lot.left < free ? lot.left : free };
}

/** A lot can expire in parts, as holds end: the account's sequence number tells their ids apart. */
function postExpiry(
  journal: Journal,
  accountId: string,
  expiry: { readonly amount: bigint; readonly of: number; readonly lot: Lot | null; readonly dueMs: number },
): void {
  const { amount, of, lot, dueMs } = expiry;
  const id = `${of}@${dueMs}#${journal.account(accountId).seq + 1}`;
  journal.post(accountId, {
    kind: 'expired',
    cause: { source: 'timer:lot', id, hash: null, occurredMs: dueMs, details: null },
    ordinal: 0,
    amount: -amount,
    contra: 'expiry',
    ...lotAfter(lot, amount),
  });
}
