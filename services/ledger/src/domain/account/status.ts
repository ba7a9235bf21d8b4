import type { AccountStatus } from '@tollgate/contracts';
import { ancestorsOf } from '@tollgate/kernel';

import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import type { Account, Terms } from './account.ts';
import { isBudget } from './account.ts';

/**
 * Terms of an account that takes no new spends, holds and extensions, or (closed) no grants either; it keeps what it is
 * resumed to.
 */
export function withoutAccess(terms: Terms, status: 'suspended' | 'closed'): Terms {
  return { ...terms, status, settings: { ...terms.settings, statusBefore: statusBehind(terms) } };
}

export function resumed(terms: Terms): Terms {
  return { ...terms, status: statusBehind(terms), settings: { ...terms.settings, statusBefore: null } };
}

/** The terms with another status; a suspended or closed account stays so and gets it when it is resumed. */
export function withStatus(terms: Terms, status: AccountStatus): Terms {
  return terms.settings.statusBefore === null
    ? { ...terms, status }
    : { ...terms, settings: { ...terms.settings, statusBefore: status } };
}

/** The status apart from suspension and closing. */
export const statusBehind = (terms: Pick<Terms, 'status' | 'settings'>): AccountStatus =>
  terms.settings.statusBefore ?? terms.status;

export function refuseClosed(account: Readonly<Account>): void {
  if (account.terms.status === 'closed') throw new Refusal('ACCOUNT_CLOSED', `the account ${account.id} is closed`);
}

/**
 * Refuses new usage: of an account that is suspended, closed or not active, of one below a suspended or closed account,
 * and of one that would escape a budget above it because it counts another unit. A licence's trial ends without a
 * record: the time of the request decides.
 */
export function refuseUse(journal: Journal, account: Readonly<Account>): void {
  refuseNoAccess(account);
  const { status, settings } = account.terms;
  const ended = status === 'trial' && settings.trialEndMs !== null && journal.nowMs >= settings.trialEndMs;
  if (status === 'inactive' || ended)
    throw new Refusal('ACCOUNT_INACTIVE', ended ? 'the trial has ended' : 'the account is not active');
  refuseAbove(journal, account);
}

/**
 * What the accounts above one forbid it: rules of `refuseUse` that also hold for an account that is opened below them.
 */
export function refuseAbove(journal: Journal, account: Pick<Account, 'id' | 'unit' | 'terms'>): void {
  if (!account.id.includes('/')) return;
  for (const id of ancestorsOf(account.id)) {
    const above = journal.find(id);
    if (!above) continue;
    refuseNoAccess(above);
    if (above.unit !== account.unit && isBudget(above) && !account.terms.settings.detached) {
      throw new Refusal(
        'UNIT_CONFLICT',
        `the budget of ${id} is in ${above.unit}, the account in ${account.unit}: the budget would not count it. Set "detached": true in the settings of ${account.id} if that is meant`,
      );
    }
  }
}

function refuseNoAccess({ id, terms }: Readonly<Account>): void {
  if (terms.status === 'suspended') throw new Refusal('ACCOUNT_SUSPENDED', `the account ${id} is suspended`);
  if (terms.status === 'closed') throw new Refusal('ACCOUNT_CLOSED', `the account ${id} is closed`);
}
