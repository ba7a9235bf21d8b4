import { ancestorsOf, assertNever } from '@tollgate/kernel';

import { decideChange } from './commands/change.ts';
import { decideCorrect } from './commands/correct.ts';
import { decideExtend } from './commands/extend.ts';
import { decideGrant } from './commands/grant.ts';
import { decideHold } from './commands/hold.ts';
import { decideLimit } from './commands/limit.ts';
import { decideOpen } from './commands/open.ts';
import { decidePublish } from './commands/publish.ts';
import { decideRelease } from './commands/release.ts';
import { decideSettle } from './commands/settle.ts';
import { decideSpend } from './commands/spend.ts';
import { decideTier } from './commands/tier.ts';
import { decideWithdraw } from './commands/withdraw.ts';
import type { Decision, Outcome } from './decision.ts';
import { Refusal } from './decision.ts';
import { bookDue } from './due.ts';
import type { Journal } from './journal.ts';
import type { Past } from './past.ts';
import { unchanged } from './posting/close.ts';
import type { Request } from './request/request.ts';
import { accountState } from './views.ts';

/**
 * Decides one request and posts its entries on the journal: first what is due on the accounts it touches (rule 16),
 * then the request. The same journal, record and past give the same entries (rule 9). A refusal posts nothing of the
 * request.
 */
export function decide(journal: Journal, request: Request, past: Past): Decision {
  if (request.account !== '') {
    if (request.account.includes('/')) for (const ancestor of ancestorsOf(request.account)) bookDue(journal, ancestor);
    bookDue(journal, request.account);
  }
  journal.begin();
  const outcome = decideCommand(journal, request, past);
  const refusal = outcome instanceof Refusal ? outcome : journal.refusal;
  if (!refusal) return outcome as Exclude<Outcome, Refusal>;
  journal.undo();
  return {
    outcome: 'refused',
    account: request.account,
    entries: [],
    problem: refusal.problem,
    ...stateUnderTerms(journal, request),
  };
}

/** A request under terms is told what the account is like when it is refused (`PackageTerms`). */
function stateUnderTerms(journal: Journal, { account: id, command }: Request): Pick<Decision, 'state'> {
  const account = 'terms' in command && command.terms !== null ? journal.find(id) : undefined;
  return account ? { state: accountState(journal, account) } : {};
}

function decideCommand(journal: Journal, request: Request, past: Past): Outcome {
  const { command } = request;
  switch (command.type) {
    case 'open':
      return decideOpen(journal, request, command);
    case 'change':
      return decideChange(journal, request, command);
    case 'tier':
      return decideTier(journal, request, command);
    case 'grant':
      return decideGrant(journal, request, command);
    case 'spend':
      return decideSpend(journal, request, command);
    case 'hold':
      return decideHold(journal, request, command);
    case 'settle':
      return decideSettle(journal, request, command, past);
    case 'extend':
      return decideExtend(journal, request, command, past);
    case 'release':
      return decideRelease(journal, request, command, past);
    case 'correct':
      return decideCorrect(journal, request, command, past);
    case 'limit':
      return decideLimit(journal, request, command);
    case 'withdraw':
      return decideWithdraw(journal, request, command, past);
    case 'catalog':
      return decidePublish(journal, command.item);
    case 'tick':
    case 'clock':
      // Timers of other accounts are booked by the caller, which knows the order in which they are due.
      return unchanged('');
    default:
      return assertNever(command);
  }
}
