import { baseTier } from '@tollgate/pricing';

import type { Account, Settings, Terms } from '../account/account.ts';
import { isRefilled } from '../account/account.ts';
import { postBase } from '../account/base-tier.ts';
import { availableOf } from '../account/bounds.ts';
import { postGrant } from '../account/lots.ts';
import { periodTimers } from '../account/period-timers.ts';
import { divided } from '../account/purchased.ts';
import { refuseClosed } from '../account/status.ts';
import type { Decision } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import type { Request, TierStep } from '../request/request.ts';
import { priorityDefault } from '../request/request.ts';
import { accountState } from '../views.ts';
import { bookedState } from './open.ts';
import { existing } from './spend.ts';

const dayMs = 86_400_000;
/** The last instant JavaScript and PostgreSQL both write with a four-digit year. */
const latestMs = Date.UTC(9999, 11, 31);

/** Changes tier, its end, allowance and what is left in one decision (surfaces §4), so that racing changes add up. */
export function decideTier(journal: Journal, request: Request, step: TierStep): Decision {
  const account = existing(journal, request.account);
  refuseClosed(account);
  const { settings } = account.terms;
  if (account.kind !== 'credits' || settings.tier === null || settings.baseAllowance === null) {
    throw new Refusal('ACCOUNT_KIND_CONFLICT', 'the account has no tiers');
  }
  switch (step.change) {
    case 'lower':
      return bookedState(journal, postBase(journal, account, request.cause));
    case 'reset':
      return bookedState(journal, postPeriod(journal, account, request.cause));
    case 'raise':
      if (step.onlyFromBase && settings.tier !== baseTier) {
        return {
          outcome: 'unchanged',
          account: account.id,
          entries: [],
          available: availableOf(journal, account),
          state: accountState(journal, account),
        };
      }
      return bookedState(journal, postRaised(journal, account, request.cause, raised(settings, step, journal.nowMs)));
    case 'renew': {
      const fromMs = Math.max(journal.nowMs, settings.tierEndMs ?? 0);
      const kept = { ...step, tier: settings.tier, allowance: settings.allowance ?? step.allowance };
      return bookedState(
        journal,
        postRaised(journal, account, request.cause, raised(settings, settings.tier === baseTier ? step : kept, fromMs)),
      );
    }
  }
}

const raised = (
  settings: Settings,
  to: { readonly tier: string; readonly allowance: bigint; readonly days: number },
  fromMs: number,
): Settings => ({
  ...settings,
  tier: to.tier,
  allowance: to.allowance,
  tierEndMs: Math.min(fromMs + to.days * dayMs, latestMs),
});

/** The new terms, and at least the allowance to spend; what holds reserve and what was bought come on top. */
function postRaised(journal: Journal, account: Readonly<Account>, cause: Cause, settings: Settings): readonly Entry[] {
  const terms: Terms = { ...account.terms, settings };
  const entries = [
    journal.post(account.id, {
      kind: 'changed',
      cause,
      ordinal: 0,
      terms,
      timers: periodTimers(journal, { ...account, terms }),
    }),
  ];
  const { own, ownHeld } = divided(account);
  const missing = (settings.allowance ?? 0n) - (own - ownHeld);
  if (missing > 0n) entries.push(postRefill(journal, account.id, cause, missing));
  return entries;
}

const postRefill = (journal: Journal, accountId: string, cause: Cause, amount: bigint): Entry =>
  postGrant(journal, accountId, {
    kind: 'granted',
    cause: { ...cause, details: null },
    ordinal: 1,
    amount,
    contra: 'allowance',
    priority: priorityDefault,
    expiresMs: null,
  });

/** A period from now on: nothing is used in it yet, and what is left is refilled up to the allowance, never lowered. */
function postPeriod(journal: Journal, account: Readonly<Account>, cause: Cause): readonly Entry[] {
  if (!isRefilled(account)) throw new Refusal('REQUEST_INVALID', 'the account has no periods');
  const settings: Settings = { ...account.terms.settings, periodFromMs: journal.nowMs };
  const terms: Terms = { ...account.terms, settings };
  const { counter } = journal.rolled(account, journal.nowMs);
  const after = { ...account, terms };
  const period = journal.periodAt(after, journal.nowMs);
  const begun = { period, used: 0n, highWater: 0n, before: counter.before + counter.used };
  const entries = [
    journal.post(account.id, {
      kind: 'changed',
      cause,
      ordinal: 0,
      terms,
      counter: begun,
      timers: periodTimers(journal, after, period),
    }),
  ];
  const missing = (settings.allowance ?? 0n) - divided(account).own;
  if (missing > 0n) entries.push(postRefill(journal, account.id, cause, missing));
  return entries;
}
