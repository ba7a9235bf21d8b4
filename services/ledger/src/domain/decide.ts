import type { CatalogItem } from '@tollgate/contracts';
import { ancestorsOf, assertNever } from '@tollgate/kernel';

import { decideChange } from './commands/change.ts';
import type { Targets } from './commands/correct.ts';
import { decideCorrect, decideWithdraw } from './commands/correct.ts';
import type { EndedHolds } from './commands/hold.ts';
import { decideExtend, decideHold, decideRelease, decideSettle } from './commands/hold.ts';
import { decideGrant, decideLimit, decideOpen } from './commands/open.ts';
import { decideSpend } from './commands/spend.ts';
import { decideTier } from './commands/tier.ts';
import type { Decided } from './decided.ts';
import { problemOf } from './decided.ts';
import { bookDue } from './due.ts';
import type { Book } from './journal.ts';
import { withItem } from './prices/catalog.ts';
import type { Request } from './request/request.ts';
import { accountState } from './views.ts';

/** What is known of the past beyond the accounts themselves; looked up before deciding, never during it. */
export type Past = { readonly targets: Targets; readonly endedHolds: EndedHolds };

/**
 * Decides one request and posts its entries on the book: first what is due on the accounts it touches (rule 16), then
 * the request. The same book, record and past give the same entries (rule 9). A refusal posts nothing of the request.
 */
export function decide(book: Book, request: Request, past: Past): Decided {
  if (request.account !== '') {
    if (request.account.includes('/')) for (const ancestor of ancestorsOf(request.account)) bookDue(book, ancestor);
    bookDue(book, request.account);
  }
  book.begin();
  try {
    return decideAsk(book, request, past);
  } catch (error) {
    book.undo();
    return {
      outcome: 'refused',
      account: request.account,
      entries: [],
      problem: problemOf(error),
      ...stateUnderTerms(book, request),
    };
  }
}

/** Who asks under terms must know what the account is like when they are refused (`PackageTerms`). */
function stateUnderTerms(book: Book, { account: id, ask }: Request): Pick<Decided, 'state'> {
  const account = 'terms' in ask && ask.terms !== null ? book.find(id) : undefined;
  return account ? { state: accountState(book, account) } : {};
}

/** A published version takes its place in the partition's order; a repeated broadcast changes nothing (rule 19). */
function decideItem(book: Book, item: CatalogItem): Decided {
  const catalog = withItem(book.catalog, item, book.nowMs);
  if (catalog !== book.catalog) book.items.push({ item, offset: book.offset, bookedMs: book.nowMs });
  book.catalog = catalog;
  return { outcome: 'unchanged', account: '', entries: [] };
}

function decideAsk(book: Book, request: Request, past: Past): Decided {
  const { ask } = request;
  switch (ask.type) {
    case 'open':
      return decideOpen(book, request, ask);
    case 'change':
      return decideChange(book, request, ask);
    case 'tier':
      return decideTier(book, request, ask.to);
    case 'grant':
      return decideGrant(book, request, ask);
    case 'spend':
      return decideSpend(book, request, ask);
    case 'hold':
      return decideHold(book, request, ask);
    case 'settle':
      return decideSettle(book, request, ask, past.endedHolds);
    case 'extend':
      return decideExtend(book, request, ask, past.endedHolds);
    case 'release':
      return decideRelease(book, request, ask, past.endedHolds);
    case 'correct':
      return decideCorrect(book, request, ask, past.targets);
    case 'limit':
      return decideLimit(book, request, ask);
    case 'withdraw':
      return decideWithdraw(book, request, ask, past.targets);
    case 'catalog':
      return decideItem(book, ask.item);
    case 'tick':
    case 'clock':
      // Timers of other accounts are booked by the caller, which knows the order in which they are due.
      return { outcome: 'unchanged', account: '', entries: [] };
    default:
      return assertNever(ask);
  }
}
