import { boundsRefusal } from '../account/bounds.ts';
import { termsRefusal } from '../account/package-terms.ts';
import { existing, useRefusal } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import { booked, tieredState } from '../posting/close.ts';
import { postUse } from '../posting/use.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { amountOf, modelOf } from '../usage-amount.ts';

/**
 * Takes units at once: the account's own balance and every budget above it are checked and booked in one decision.
 * Usage that costs 0 is an entry too: its id is remembered for ever, so that it is never charged when it comes again
 * under another price.
 */
export function decideSpend(journal: Journal, { account: id, cause }: Request, command: CommandOf<'spend'>): Outcome {
  const account = existing(journal, id);
  if (account instanceof Refusal) return account;
  const { actor, terms, blocksMax } = command;
  if (actor !== null && account.terms.owner !== actor)
    return new Refusal('NOT_OWNER', 'the account belongs to somebody else');
  const refusal = useRefusal(journal, account) ?? termsRefusal(account, terms, journal.nowMs);
  if (refusal) return refusal;
  const usage = amountOf(journal, account, command);
  if (usage instanceof Refusal) return usage;
  const { amount, rate } = usage;
  const model = modelOf(command);
  const overdraft = terms?.overdraft;
  const tooMuch = boundsRefusal(journal, account, amount, { overdraft, occurredMs: cause.occurredMs, model });
  if (tooMuch) return tooMuch;
  const entries = postUse(journal, id, {
    kind: 'spent',
    cause,
    amount,
    rate,
    model,
    blocksMax: blocksMax ?? undefined,
  });
  return booked(journal, entries, tieredState(journal, id));
}
