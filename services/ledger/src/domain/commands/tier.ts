import { baseTier } from '@tollgate/pricing';

import type { Account, Settings, Terms } from '../account/account.ts';
import { isRefilled } from '../account/account.ts';
import { availableOf } from '../account/bounds.ts';
import { divided } from '../account/purchased.ts';
import { closedRefusal, existing } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { postBase } from '../posting/base-tier.ts';
import { bookedState, unchanged } from '../posting/close.ts';
import { postGrant } from '../posting/lots.ts';
import { periodTimers } from '../posting/period-timers.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { priorityDefault } from '../request/request.ts';
import { accountState } from '../views.ts';

const dayMs = 86_400_000;
/** The last day that JavaScript and PostgreSQL both write with a four-digit year. */
const latestMs = Date.UTC(9999, 11, 31);

/** Changes tier, its end, allowance and what is left in one decision (surfaces §4), so that racing changes add up. */
export function decideTier(journal: Journal, { account: id, cause }: Request, { to }: CommandOf<'tier'>): Outcome {
  const account = existing(journal, id);
  if (account instanceof Refusal) return account;
  const closed = closedRefusal(account);
  if (closed) return closed;
  const { settings } = account.terms;
  if (account.kind !== 'credits' || settings.tier === null || settings.baseAllowance === null)
    return new Refusal('ACCOUNT_KIND_CONFLICT', 'the account has no tiers');
  switch (to.change) {
    case 'lower':
      return bookedState(journal, postBase(journal, account, cause));
    case 'reset':
      return isRefilled(account)
        ? bookedState(journal, postPeriod(journal, account, cause))
        : new Refusal('REQUEST_INVALID', 'the account has no periods');
    case 'raise':
      if (to.onlyFromBase && settings.tier !== baseTier)
        return unchanged(id, { available: availableOf(journal, account), state: accountState(journal, account) });
      return bookedState(journal, postRaised(journal, account, cause, raised(settings, to, journal.nowMs)));
    case 'renew': {
      const fromMs = Math.max(journal.nowMs, settings.tierEndMs ?? 0);
      const same = { days: to.days, tier: settings.tier, allowance: settings.allowance ?? to.allowance };
      const renewed = raised(settings, settings.tier === baseTier ? to : same, fromMs);
      return bookedState(journal, postRaised(journal, account, cause, renewed));
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
  const timers = periodTimers(journal, { ...account, terms });
  const changed = journal.post(account.id, { kind: 'changed', cause, ordinal: 0, terms, timers });
  const { own, ownHeld } = divided(account);
  const missing = (settings.allowance ?? 0n) - (own - ownHeld);
  return missing > 0n ? [changed, postRefill(journal, account.id, cause, missing)] : [changed];
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
  const settings: Settings = { ...account.terms.settings, periodFromMs: journal.nowMs };
  const terms: Terms = { ...account.terms, settings };
  const { counter } = journal.countersAt(account, journal.nowMs);
  const after = { ...account, terms };
  const period = journal.periodAt(after, journal.nowMs);
  const beginsPeriod = { period, used: 0n, highWater: 0n, usedBefore: counter.usedBefore + counter.used };
  const timers = periodTimers(journal, after, period);
  const changed = journal.post(account.id, { kind: 'changed', cause, ordinal: 0, terms, beginsPeriod, timers });
  const missing = (settings.allowance ?? 0n) - divided(account).own;
  return missing > 0n ? [changed, postRefill(journal, account.id, cause, missing)] : [changed];
}
