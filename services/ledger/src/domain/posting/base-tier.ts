import { baseTier } from '@tollgate/pricing';

import type { Account, Terms } from '../account/account.ts';
import { divided } from '../account/purchased.ts';
import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { postBalance } from './balance.ts';
import { periodTimers } from './period-timers.ts';

/**
 * The base tier: exactly its allowance is left to spend, more or less than before; open holds keep what they reserve,
 * and bought units stay. A closed account has nothing.
 */
export function postBase(journal: Journal, account: Readonly<Account>, cause: Cause): readonly Entry[] {
  const { settings } = account.terms;
  const base = settings.baseAllowance ?? 0n;
  const terms: Terms = {
    ...account.terms,
    settings: { ...settings, tier: baseTier, tierEndMs: null, allowance: base },
  };
  const timers = periodTimers(journal, { ...account, terms });
  const changed = journal.post(account.id, { kind: 'changed', cause, ordinal: 0, terms, timers });
  if (terms.status === 'closed') return [changed];
  const { purchased, ownHeld } = divided(account);
  const balance = base + ownHeld + purchased;
  return [changed, ...postBalance(journal, account.id, { cause, balance, sparing: 'purchased' })];
}
