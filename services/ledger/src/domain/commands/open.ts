import { hasDotSegment } from '@tollgate/kernel';
import { calendarUnitOf } from '@tollgate/pricing';

import type { Account, Settings, Terms } from '../account/account.ts';
import { isRefilled, keepsLots } from '../account/account.ts';
import { availableOf } from '../account/bounds.ts';
import { postGrant } from '../account/lots.ts';
import { refuseTerms, sameMember } from '../account/package-terms.ts';
import { periodTimers } from '../account/period-timers.ts';
import { refuseAbove, refuseClosed, statusBehind, withStatus } from '../account/status.ts';
import type { Decision } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { withFirstPlan } from '../prices/plan-changes.ts';
import type { Command, Request } from '../request/request.ts';
import { priorityDefault } from '../request/request.ts';
import { accountView, settingNames } from '../views.ts';
import { closeRequest, existing } from './spend.ts';

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>;

/** Opens an account, with its first grant in the same decision; the same opening again changes nothing. */
export function decideOpen(journal: Journal, request: Request, command: CommandOf<'open'>): Decision {
  const known = journal.find(request.account);
  if (known) return sameAgain(journal, known, command);
  if (hasDotSegment(request.account))
    throw new Refusal('REQUEST_INVALID', 'an account id has no segment "." or "..": paths cannot hold them');
  refuseSettings(command.kind, command.settings);
  refuseAbove(journal, { id: request.account, unit: command.unit, terms: termsOf(command, command.settings) });
  if (command.grant > 0n && !keepsLots(command.kind))
    throw new Refusal('ACCOUNT_KIND_CONFLICT', `a ${command.kind} account takes no grants`);
  const opened = journal.open({ id: request.account, kind: command.kind, unit: command.unit });
  const settings = command.kind === 'metered' ? withFirstPlan(journal, command.settings) : command.settings;
  const terms = termsOf(command, settings);
  const withTerms = { ...opened, terms };
  const entries = [
    journal.post(opened.id, {
      kind: 'opened',
      cause: request.cause,
      ordinal: 0,
      opened: true,
      terms,
      timers: periodTimers(journal, withTerms),
    }),
  ];
  const allowance = isRefilled(withTerms) ? (command.settings.allowance ?? 0n) : 0n;
  const first = command.grant > allowance ? command.grant : allowance;
  if (first > 0n) {
    entries.push(
      postGrant(journal, opened.id, {
        kind: 'granted',
        cause: request.cause,
        ordinal: 1,
        amount: first,
        contra: command.grant > allowance ? 'grants' : 'allowance',
        priority: priorityDefault,
        expiresMs: null,
      }),
    );
  }
  return bookedState(journal, entries);
}

const termsOf = ({ status, owner }: CommandOf<'open'>, settings: Settings): Terms => ({
  status,
  owner,
  settings,
  limitFetchedMs: 0,
});

function sameAgain(journal: Journal, known: Readonly<Account>, command: CommandOf<'open'>): Decision {
  if (known.kind !== command.kind) throw new Refusal('ACCOUNT_KIND_CONFLICT', `the account exists as ${known.kind}`);
  if (known.unit !== command.unit) throw new Refusal('UNIT_CONFLICT', `the account exists in ${known.unit}`);
  if (command.strict) refuseOtherTerms(known, command.owner, command.strict);
  return {
    outcome: 'unchanged',
    account: known.id,
    entries: [],
    available: availableOf(journal, known),
    state: accountView(journal, known),
  };
}

/** An opening that gives an owner or settings which the account has not must not seem to have set them. */
function refuseOtherTerms(
  known: Readonly<Account>,
  owner: string | null,
  given: (current: Settings) => Settings,
): void {
  const { settings } = known.terms;
  const asked = given(settings);
  const others = (Object.keys(asked) as (keyof Settings)[])
    .filter((name) => !sameMember(asked, settings, name))
    .map((name) => settingNames[name]);
  if (owner !== null && owner !== known.terms.owner) others.unshift('owner');
  if (others.length === 0) return;
  throw new Refusal(
    'ACCOUNT_SETTINGS_CONFLICT',
    `the account exists with another ${others.join(', ')}; change it by PATCH /v1/accounts/:id`,
  );
}

/** Kinds obey only what has a meaning for them; anything else would be a promise that is not kept. */
export function refuseSettings(kind: Account['kind'], settings: Settings): void {
  if (settings.overdraft !== null && kind !== 'wallet' && kind !== 'credits')
    throw new Refusal('REQUEST_INVALID', `a ${kind} account has no overdraft`);
  if (settings.allowance !== null && kind !== 'credits')
    throw new Refusal('REQUEST_INVALID', 'only credits accounts have an allowance');
  if (settings.allowance !== null && settings.period === null)
    throw new Refusal('REQUEST_INVALID', 'an allowance needs a period');
  if (settings.trialEndMs !== null && kind !== 'licence')
    throw new Refusal('REQUEST_INVALID', 'only licence accounts have a trial');
  if ((settings.package !== null || settings.initialGift !== null) && kind !== 'wallet')
    throw new Refusal('REQUEST_INVALID', 'only wallets have a package');
  const tiered = settings.tier !== null || settings.tierEndMs !== null || settings.baseAllowance !== null;
  if (tiered && kind !== 'credits') throw new Refusal('REQUEST_INVALID', 'only credits accounts have tiers');
  if (tiered && (settings.tier === null || settings.baseAllowance === null || settings.allowance === null)) {
    throw new Refusal('REQUEST_INVALID', 'a tier needs an allowance and a base_allowance');
  }
  if (
    settings.timeZone !== null &&
    ![settings.period, ...settings.limits.map(({ period }) => period)].some(
      (period) => period !== null && calendarUnitOf(period) !== null,
    )
  ) {
    throw new Refusal(
      'REQUEST_INVALID',
      'time_zone is for calendar periods: without one, leave it out or set it to null',
    );
  }
  if (settings.plan !== null && kind !== 'metered')
    throw new Refusal('REQUEST_INVALID', 'only metered accounts have a price plan');
}

export function decideGrant(journal: Journal, request: Request, command: CommandOf<'grant'>): Decision {
  const account = existing(journal, request.account);
  refuseClosed(account);
  if (!keepsLots(account.kind) && account.kind !== 'metered')
    throw new Refusal('ACCOUNT_KIND_CONFLICT', `a ${account.kind} account takes no grants`);
  if (account.kind === 'metered' && command.expiresMs === null)
    throw new Refusal('REQUEST_INVALID', 'goodwill of a metered account has an end: give expires_at');
  if (command.expiresMs !== null && command.expiresMs <= journal.nowMs)
    throw new Refusal('TIME_OUT_OF_RANGE', 'the grant would have expired already');
  refuseTerms(account, command.terms, journal.nowMs);
  if (command.initialGift && account.terms.settings.initialGift !== null)
    throw new Refusal('GIFT_GIVEN', 'the account has had its initial gift');
  const changed = command.settings ? command.settings(account.terms.settings) : account.terms.settings;
  const settings = command.initialGift ? { ...changed, initialGift: 'given' } : changed;
  refuseSettings(account.kind, settings);
  const terms = settings === account.terms.settings ? account.terms : { ...account.terms, settings };
  // Units added to an inactive licence make it active; a running trial stays a trial (surfaces §1).
  const activates = account.kind === 'licence' && statusBehind(account.terms) === 'inactive';
  const entry = postGrant(journal, account.id, {
    kind: 'granted',
    cause: request.cause,
    ordinal: 0,
    amount: command.amount,
    contra: 'grants',
    priority: command.priority,
    expiresMs: command.expiresMs,
    purchased: command.purchased,
    ...(activates ? { terms: withStatus(terms, 'active') } : terms === account.terms ? {} : { terms }),
  });
  return { outcome: 'booked', account: account.id, entries: [entry], available: closeRequest(journal, [entry]) };
}

/**
 * A limit that somebody else owns; the older of two fetches is ignored (rule 21). A newer fetch of the same limit is
 * booked, because it says that what an older fetch still under way will bring is outdated.
 */
export function decideLimit(journal: Journal, request: Request, command: CommandOf<'limit'>): Decision {
  const account = existing(journal, request.account);
  if (command.fetchedMs <= account.terms.limitFetchedMs) {
    return {
      outcome: 'unchanged',
      account: account.id,
      entries: [],
      available: availableOf(journal, account),
      state: accountView(journal, account),
    };
  }
  const terms = {
    ...account.terms,
    settings: { ...account.terms.settings, limit: command.limit },
    limitFetchedMs: command.fetchedMs,
  };
  return bookedState(journal, [journal.post(account.id, { kind: 'changed', cause: request.cause, ordinal: 0, terms })]);
}

/** What a change of terms answers: the account as it is afterwards. */
export function bookedState(journal: Journal, entries: readonly Entry[]): Decision {
  const available = closeRequest(journal, entries);
  const account = existing(journal, entries[0]?.account ?? '');
  return { outcome: 'booked', account: account.id, entries, available, state: accountView(journal, account) };
}
