import type { Period } from '@tollgate/pricing';

import type { Account, Counter } from '../account/account.ts';
import type { Counters } from '../account/periods.ts';
import type { CounterRow } from '../entry.ts';
import type { Moved } from '../prices/blocks.ts';
import type { Posting } from './posting.ts';

const none: readonly never[] = [];

/** What an entry counts: the counter it moved, as it is afterwards. */
export type Counting = {
  readonly used: bigint;
  readonly period: Period | null;
  readonly rows: readonly CounterRow[];
  readonly moved: Moved | null;
};

/**
 * Which counter an entry moves, what it is afterwards, and which rows must be kept because the entry alone cannot tell
 * (rule 15).
 */
export function countersAfter(account: Account, present: Counters, posting: Posting): Counting {
  if (posting.beginsPeriod) return begun(account, posting.beginsPeriod);
  const used = posting.used ?? 0n;
  const target = posting.inPeriod ?? present.counter;
  const after = used === 0n ? target : movedBy(target, used);
  let rows: readonly CounterRow[] = none;
  if (posting.inPeriod) rows = rowsAround(account, present, after, used);
  else if (present.counter.period && !samePeriod(present.counter.period, account.counter.period)) {
    rows = present.earlier && present.earlier !== account.earlier ? [present.earlier, after] : [after];
  } else if (used < 0n) rows = [after];
  return { used: after.used, period: after.period, rows, moved: used === 0n ? null : { before: target, after } };
}

/** A period that begins now; the one before keeps what it counted. */
function begun(account: Account, counter: Counter): Counting {
  const goesOn = account.counter.period === null || account.counter.period.startMs === counter.period?.startMs;
  return {
    used: counter.used,
    period: counter.period,
    rows: goesOn ? [counter] : [account.counter, counter],
    moved: null,
  };
}

const samePeriod = (a: Period, b: Period | null): boolean =>
  b !== null && a.startMs === b.startMs && a.endMs === b.endMs;

/** The rows of an entry that counts in a period before: that one, the current one, and what was current until now. */
function rowsAround(account: Account, present: Counters, counted: Counter, used: bigint): readonly CounterRow[] {
  const current = { ...present.counter, usedBefore: present.counter.usedBefore + used };
  const { earlier } = present;
  const ended =
    earlier?.period && earlier !== account.earlier && earlier.period.startMs !== counted.period?.startMs
      ? [earlier]
      : none;
  return [counted, ...ended, current];
}

function movedBy(counter: Counter, used: bigint): Counter {
  const after = counter.used + used;
  return { ...counter, used: after, highWater: after > counter.highWater ? after : counter.highWater };
}
