import type { Account, Terms } from '../account/account.ts';
import { keepsLots } from '../account/account.ts';
import { termsRefusal } from '../account/package-terms.ts';
import { settingsRefusal } from '../account/settings-rules.ts';
import { closedRefusal, existing, statusBehind, withStatus } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import { booked } from '../posting/close.ts';
import { postGrant } from '../posting/lots.ts';
import type { CommandOf, Request } from '../request/request.ts';

type Grant = CommandOf<'grant'>;

/** Adds units as a lot of their own, with the settings that come with them (a package, the initial gift). */
export function decideGrant(journal: Journal, { account: id, cause }: Request, command: Grant): Outcome {
  const account = existing(journal, id);
  if (account instanceof Refusal) return account;
  const { amount, priority, expiresMs, purchased } = command;
  const terms = termsWith(account, command);
  const refusal = grantRefusal(journal, account, command) ?? settingsRefusal(account.kind, terms.settings);
  if (refusal) return refusal;
  const entry = postGrant(journal, id, {
    kind: 'granted',
    cause,
    ordinal: 0,
    amount,
    contra: 'grants',
    priority,
    expiresMs,
    purchased,
    terms: terms === account.terms ? undefined : terms,
  });
  return booked(journal, [entry]);
}

function grantRefusal(journal: Journal, account: Readonly<Account>, command: Grant): Refusal | null {
  const { kind, terms } = account;
  const { expiresMs } = command;
  const closed = closedRefusal(account);
  if (closed) return closed;
  if (!keepsLots(kind) && kind !== 'metered')
    return new Refusal('ACCOUNT_KIND_CONFLICT', `a ${kind} account takes no grants`);
  if (kind === 'metered' && expiresMs === null)
    return new Refusal('REQUEST_INVALID', 'goodwill of a metered account has an end: give expires_at');
  if (expiresMs !== null && expiresMs <= journal.nowMs)
    return new Refusal('TIME_OUT_OF_RANGE', 'the grant would have expired already');
  const refusal = termsRefusal(account, command.terms, journal.nowMs);
  if (refusal) return refusal;
  return command.initialGift && terms.settings.initialGift !== null
    ? new Refusal('GIFT_GIVEN', 'the account has had its initial gift')
    : null;
}

/** Units added to an inactive licence make it active; a running trial stays a trial (surfaces §1). */
function termsWith({ kind, terms }: Readonly<Account>, { settings: change, initialGift }: Grant): Terms {
  const changed = change ? change(terms.settings) : terms.settings;
  const settings = initialGift ? { ...changed, initialGift: 'given' } : changed;
  const after = settings === terms.settings ? terms : { ...terms, settings };
  return kind === 'licence' && statusBehind(terms) === 'inactive' ? withStatus(after, 'active') : after;
}
