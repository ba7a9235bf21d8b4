import { hasDotSegment } from '@tollgate/kernel';

import type { Account, Settings, Terms } from '../account/account.ts';
import { isRefilled, keepsLots } from '../account/account.ts';
import { availableOf } from '../account/bounds.ts';
import { sameMember } from '../account/package-terms.ts';
import { settingsRefusal } from '../account/settings-rules.ts';
import { aboveRefusal } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import { bookedState, unchanged } from '../posting/close.ts';
import { postGrant } from '../posting/lots.ts';
import { periodTimers } from '../posting/period-timers.ts';
import { withFirstPlan } from '../prices/plan-changes.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { priorityDefault } from '../request/request.ts';
import { accountView, settingNames } from '../views.ts';

type Open = CommandOf<'open'>;

/** Opens an account, with its first grant in the same decision; the same opening again changes nothing. */
export function decideOpen(journal: Journal, { account: id, cause }: Request, command: Open): Outcome {
  const known = journal.find(id);
  if (known) return sameAgain(journal, known, command);
  if (hasDotSegment(id))
    return new Refusal('REQUEST_INVALID', 'an account id has no segment "." or "..": paths cannot hold them');
  const { kind, unit, grant } = command;
  const refusal =
    settingsRefusal(kind, command.settings) ??
    aboveRefusal(journal, { id, unit, terms: termsOf(command, command.settings) });
  if (refusal) return refusal;
  if (grant > 0n && !keepsLots(kind)) return new Refusal('ACCOUNT_KIND_CONFLICT', `a ${kind} account takes no grants`);
  const opened = journal.open({ id, kind, unit });
  const terms = termsOf(command, kind === 'metered' ? withFirstPlan(journal, command.settings) : command.settings);
  const timers = periodTimers(journal, { ...opened, terms });
  const entries = [journal.post(id, { kind: 'opened', cause, ordinal: 0, terms, timers })];
  const allowance = isRefilled({ ...opened, terms }) ? (terms.settings.allowance ?? 0n) : 0n;
  const amount = grant > allowance ? grant : allowance;
  if (amount > 0n) {
    entries.push(
      postGrant(journal, id, {
        kind: 'granted',
        cause,
        ordinal: 1,
        amount,
        contra: grant > allowance ? 'grants' : 'allowance',
        priority: priorityDefault,
        expiresMs: null,
      }),
    );
  }
  return bookedState(journal, entries);
}

const termsOf = ({ status, owner }: Open, settings: Settings): Terms => ({
  status,
  owner,
  settings,
  limitFetchedMs: 0,
});

function sameAgain(journal: Journal, known: Readonly<Account>, { kind, unit, owner, strict }: Open): Outcome {
  if (known.kind !== kind) return new Refusal('ACCOUNT_KIND_CONFLICT', `the account exists as ${known.kind}`);
  if (known.unit !== unit) return new Refusal('UNIT_CONFLICT', `the account exists in ${known.unit}`);
  const refusal = strict && otherTermsRefusal(known, owner, strict);
  if (refusal) return refusal;
  return unchanged(known.id, { available: availableOf(journal, known), state: accountView(journal, known) });
}

/** A strict opening is refused where the account has another owner or other settings, because they would not be set. */
function otherTermsRefusal(
  known: Readonly<Account>,
  owner: string | null,
  given: (current: Settings) => Settings,
): Refusal | null {
  const { settings } = known.terms;
  const asked = given(settings);
  const others = (Object.keys(asked) as (keyof Settings)[])
    .filter((name) => !sameMember(asked, settings, name))
    .map((name) => settingNames[name]);
  if (owner !== null && owner !== known.terms.owner) others.unshift('owner');
  if (others.length === 0) return null;
  return new Refusal(
    'ACCOUNT_SETTINGS_CONFLICT',
    `the account exists with another ${others.join(', ')}; change it by PATCH /v1/accounts/:id`,
  );
}
