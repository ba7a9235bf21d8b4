import { baseTier } from '@tollgate/pricing';

import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import type { Account, Terms } from './account.ts';
import { postBalance } from './balance.ts';
import { periodTimers } from './period-timers.ts';
import { divided } from './purchased.ts';

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
  const entries = [
    journal.post(account.id, {
      kind: 'changed',
      cause,
      ordinal: 0,
      terms,
      timers: periodTimers(journal, { ...account, terms }),
    }),
  ];
  if (terms.status === 'closed') return entries;
  const { purchased, ownHeld } = divided(account);
  entries.push(
    ...postBalance(journal, account.id, { cause, balance: base + ownHeld + purchased, sparing: 'purchased' }),
  );
  return entries;
}
