import type { Book } from './book.ts';
import type { Cause, Entry } from './entry.ts';
import { burn, lotAfter, postGrant } from './lots.ts';
import { priorityDefault } from './request.ts';
import { existing } from './spend.ts';

/** Brings the balance to a figure: by one lot more, or by taking from the lots in burning order. */
export function postBalance(book: Book, accountId: string, to: { readonly cause: Cause; readonly balance: bigint }): readonly Entry[] {
  const { balance } = existing(book, accountId);
  const cause = { ...to.cause, details: null };
  if (to.balance > balance) {
    return [postGrant(book, accountId, { kind: 'adjusted', cause, ordinal: 1, amount: to.balance - balance, contra: 'adjustments', priority: priorityDefault, expiresMs: null })];
  }
  if (to.balance === balance) return [];
  return burn(existing(book, accountId), balance - to.balance).map(({ lot, take }, index) =>
    book.post(accountId, { kind: 'adjusted', cause, ordinal: index + 1, amount: -take, contra: 'adjustments', ...lotAfter(lot, take) }));
}
