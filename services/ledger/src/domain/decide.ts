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
import type { Decision } from './decision.ts';
import { problemOf } from './decision.ts';
import { bookDue } from './due.ts';
import type { Journal } from './journal.ts';
import { withItem } from './prices/catalog.ts';
import type { Request } from './request/request.ts';
import { accountState } from './views.ts';

/** What is known of the past beyond the accounts themselves; looked up before deciding, never during it. */
export type Past = { readonly targets: Targets; readonly endedHolds: EndedHolds };

/**
 * Decides one request and posts its entries on the journal: first what is due on the accounts it touches (rule 16), then
 * the request. The same journal, record and past give the same entries (rule 9). A refusal posts nothing of the request.
 */
export function decide(journal: Journal, request: Request, past: Past): Decision {
  if (request.account !== '') {
    if (request.account.includes('/')) for (const ancestor of ancestorsOf(request.account)) bookDue(journal, ancestor);
    bookDue(journal, request.account);
  }
  journal.begin();
  try {
    return decideAsk(journal, request, past);
  } catch (error) {
    journal.undo();
    return {
      outcome: 'refused',
      account: request.account,
      entries: [],
      problem: problemOf(error),
      ...stateUnderTerms(journal, request),
    };
  }
}

/** Who asks under terms must know what the account is like when they are refused (`PackageTerms`). */
function stateUnderTerms(journal: Journal, { account: id, command }: Request): Pick<Decision, 'state'> {
  const account = 'terms' in command && command.terms !== null ? journal.find(id) : undefined;
  return account ? { state: accountState(journal, account) } : {};
}

/** A published version takes its place in the partition's order; a repeated broadcast changes nothing (rule 19). */
function decideItem(journal: Journal, item: CatalogItem): Decision {
  const catalog = withItem(journal.catalog, item, journal.nowMs);
  if (catalog !== journal.catalog) journal.items.push({ item, offset: journal.offset, bookedMs: journal.nowMs });
  journal.catalog = catalog;
  return { outcome: 'unchanged', account: '', entries: [] };
}

function decideAsk(journal: Journal, request: Request, past: Past): Decision {
  const { command } = request;
  switch (command.type) {
    case 'open':
      return decideOpen(journal, request, command);
    case 'change':
      return decideChange(journal, request, command);
    case 'tier':
      return decideTier(journal, request, command.to);
    case 'grant':
      return decideGrant(journal, request, command);
    case 'spend':
      return decideSpend(journal, request, command);
    case 'hold':
      return decideHold(journal, request, command);
    case 'settle':
      return decideSettle(journal, request, command, past.endedHolds);
    case 'extend':
      return decideExtend(journal, request, command, past.endedHolds);
    case 'release':
      return decideRelease(journal, request, command, past.endedHolds);
    case 'correct':
      return decideCorrect(journal, request, command, past.targets);
    case 'limit':
      return decideLimit(journal, request, command);
    case 'withdraw':
      return decideWithdraw(journal, request, command, past.targets);
    case 'catalog':
      return decideItem(journal, command.item);
    case 'tick':
    case 'clock':
      // Timers of other accounts are booked by the caller, which knows the order in which they are due.
      return { outcome: 'unchanged', account: '', entries: [] };
    default:
      return assertNever(command);
  }
}
