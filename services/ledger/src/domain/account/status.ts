import type { AccountStatus } from '@tollgate/contracts';
import { ancestorsOf } from '@tollgate/kernel';

import { Refusal } from '../decision.ts';
import type { Journal } from '../journal.ts';
import type { Account, Terms } from './account.ts';
import { isBudget } from './account.ts';

/**
 * Terms of an account that takes no new spends, holds and extensions, and (closed) no grants either. They keep the
 * status that it is resumed to.
 */
export function withoutAccess(terms: Terms, status: 'suspended' | 'closed'): Terms {
  return { ...terms, status, settings: { ...terms.settings, statusBefore: statusBehind(terms) } };
}

export function resumed(terms: Terms): Terms {
  return { ...terms, status: statusBehind(terms), settings: { ...terms.settings, statusBefore: null } };
}

/** The terms with another status. A suspended or closed account gets it when it is resumed. */
export function withStatus(terms: Terms, status: AccountStatus): Terms {
  return terms.settings.statusBefore === null
    ? { ...terms, status }
    : { ...terms, settings: { ...terms.settings, statusBefore: status } };
}

/** The status without suspension and closing. */
export const statusBehind = (terms: Pick<Terms, 'status' | 'settings'>): AccountStatus =>
  terms.settings.statusBefore ?? terms.status;

/** The account of a request; refused where there is none, or where it is frozen. */
export function existing(journal: Journal, id: string): Readonly<Account> | Refusal {
  const account = journal.find(id);
  if (!account) return new Refusal('ACCOUNT_UNKNOWN', 'there is no such account');
  if (account.frozen !== null) return new Refusal('ACCOUNT_FROZEN', `the account is frozen: ${account.frozen}`);
  return account;
}

export const closedRefusal = ({ id, terms }: Pick<Account, 'id' | 'terms'>): Refusal | null =>
  terms.status === 'closed' ? new Refusal('ACCOUNT_CLOSED', `the account ${id} is closed`) : null;

/**
 * Why an account takes no new usage: it is suspended, closed or not active, is below a suspended or closed account, or
 * would escape a budget above it because it counts another unit. A licence's trial ends without a record: the time of
 * the request decides.
 */
export function useRefusal(journal: Journal, account: Readonly<Account>): Refusal | null {
  const refusal = accessRefusal(account);
  if (refusal) return refusal;
  const { status, settings } = account.terms;
  if (status === 'inactive') return new Refusal('ACCOUNT_INACTIVE', 'the account is not active');
  if (status === 'trial' && settings.trialEndMs !== null && journal.nowMs >= settings.trialEndMs)
    return new Refusal('ACCOUNT_INACTIVE', 'the trial has ended');
  return aboveRefusal(journal, account);
}

/** What the accounts above one forbid it, also when it is opened below them. */
export function aboveRefusal(journal: Journal, account: Pick<Account, 'id' | 'unit' | 'terms'>): Refusal | null {
  if (!account.id.includes('/')) return null;
  for (const id of ancestorsOf(account.id)) {
    const above = journal.find(id);
    if (!above) continue;
    const refusal = accessRefusal(above);
    if (refusal) return refusal;
    if (above.unit !== account.unit && isBudget(above) && !account.terms.settings.detached)
      return new Refusal(
        'UNIT_CONFLICT',
        `the budget of ${id} is in ${above.unit}, the account in ${account.unit}: the budget would not count it. ` +
          `Set "detached": true in the settings of ${account.id} if that is meant`,
      );
  }
  return null;
}

const accessRefusal = (account: Readonly<Account>): Refusal | null =>
  account.terms.status === 'suspended'
    ? new Refusal('ACCOUNT_SUSPENDED', `the account ${account.id} is suspended`)
    : closedRefusal(account);
