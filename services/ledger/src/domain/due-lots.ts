import type { Account, Lot } from './account.ts';
import { goodwillOf } from './account.ts';
import type { Book } from './book.ts';
import { lotAfter } from './lots.ts';
import { lotPastExpiry } from './open-lots.ts';

/** A lot past its expiry with units that no open hold reserves, if there is one; what holds reserve expires when they end. */
export function dueLot(account: Readonly<Account>, nowMs: number): { lot: Lot; expiring: bigint } | undefined {
  const free = account.kind === 'metered' ? goodwillOf(account) : account.balance - account.held;
  if (free <= 0n) return undefined;
  const lot = lotPastExpiry(account.lots, nowMs);
  return lot && { lot, expiring: lot.left < free ? lot.left : free };
}

/** Books the expiry of every lot that is due. */
export function bookDueLots(book: Book, accountId: string): void {
  for (;;) {
    const account = book.find(accountId);
    const due = account ? dueLot(account, book.nowMs) : undefined;
    if (!account || !due) return;
    const dueMs = due.lot.expiresMs ?? 0;
    book.post(accountId, {
      kind: 'expired',
      // A lot can expire in parts, as holds end: the account's sequence number tells them apart.
      cause: { source: 'timer:lot', id: `${due.lot.lot}@${dueMs}#${account.seq + 1}`, hash: null, occurredMs: dueMs, details: null },
      ordinal: 0,
      amount: -due.expiring,
      contra: 'expiry',
      ...lotAfter(due.lot, due.expiring),
    });
  }
}
