import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import type { Past } from '../past.ts';
import { booked } from '../posting/close.ts';
import { bookDueLots } from '../posting/due-lots.ts';
import { postRelease } from '../posting/hold-end.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { openHold } from './open-hold.ts';

/** Ends a hold without a spend. Units whose lot has expired meanwhile expire now. */
export function decideRelease(journal: Journal, request: Request, command: CommandOf<'release'>, past: Past): Outcome {
  const found = openHold(journal, request.account, command.hold, past.endedHolds);
  if (found instanceof Refusal) return found;
  const { account, hold } = found;
  const { entry, view } = postRelease(journal, account.id, { hold, cause: request.cause, outcome: 'released' });
  bookDueLots(journal, account.id);
  return booked(journal, [entry], { hold: view });
}
