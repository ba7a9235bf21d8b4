import type { Period } from '@tollgate/pricing';

import type { Account } from '../account/account.ts';
import { isRefilled } from '../account/account.ts';
import { endOf } from '../account/periods.ts';
import type { Journal } from '../journal.ts';
import type { Posting } from './posting.ts';

/** Timers of the next reset and of the end of the tier; `period`: the one that begins now, where one does. */
export function periodTimers(
  journal: Journal,
  account: Readonly<Account>,
  period: Period | null = journal.countersAt(account, journal.nowMs).counter.period,
): NonNullable<Posting['timers']> {
  const { tierEndMs } = account.terms.settings;
  const resetMs = isRefilled(account) ? endOf(period) : null;
  return [
    ...(resetMs === null ? [] : [{ dueMs: resetMs, kind: 'reset' as const, object: 0 }]),
    ...(tierEndMs === null ? [] : [{ dueMs: tierEndMs, kind: 'tier' as const, object: 0 }]),
  ];
}
