import type { Account } from '../account/account.ts';
import type { Uses } from '../account/limit-counts.ts';
import { statusBehind, withStatus } from '../account/status.ts';
import type { Cause, Entry, EntryRate } from '../entry.ts';
import type { Journal } from '../journal.ts';
import type { Budgets } from './budgets.ts';
import { budgetsAbove, postBudgets } from './budgets.ts';
import { inTime, periodFor } from './counted-when.ts';
import { burn, lotAfter } from './lots.ts';
import type { CountedAs, Use } from './posting.ts';

/** Units to be taken. `held` gives back what a hold had reserved, with the first entry. */
export type Taking = Pick<Use, 'kind' | 'blocksMax' | 'hold' | 'held' | 'holdRows' | 'corrects'> & {
  readonly cause: Cause;
  readonly amount: bigint;
  readonly rate?: EntryRate | null;
  /** Budgets and where they count it; absent: those above the account, by the time at which it happened. */
  readonly budgets?: Budgets;
  /** Where it counts, whenever it happened; absent: by the time at which it happened. */
  readonly counted?: CountedAs;
  /** What limits by model count it as. */
  readonly model?: string | null;
  /** When it happened and was booked, for `limits`; absent: as the cause says, and now. */
  readonly usedAt?: Pick<Uses, 'occurredMs' | 'recordedMs'>;
};

/**
 * Posts a use lot by lot, then one row on each budget, which counts it in its own period of the time at which it
 * happened (rule 17). Whether it is allowed was checked before. At least one entry.
 */
export function postUse(journal: Journal, accountId: string, use: Taking): readonly Entry[] {
  const { cause, amount, held = 0n } = use;
  const account = journal.account(accountId);
  const budgets = use.budgets ?? budgetsAbove(journal, account, cause.occurredMs);
  const when = use.counted ? inTime : periodFor(journal, account, cause.occurredMs);
  const uses = {
    model: use.model ?? null,
    occurredMs: use.usedAt?.occurredMs ?? cause.occurredMs,
    recordedMs: use.usedAt?.recordedMs ?? journal.nowMs,
  };
  const entries: Entry[] = [];
  for (const { lot, take } of burn(account, amount)) {
    const now = journal.account(accountId);
    const ordinal = entries.length;
    const first = ordinal === 0;
    // Goodwill is used before anything is counted and charged.
    const covered = now.kind === 'metered' && lot !== null;
    const moved = lotAfter(lot, take);
    const posting: Use = {
      kind: use.kind,
      cause,
      ordinal,
      amount: -take,
      contra: covered ? 'goodwill' : 'usage',
      rate: first ? (use.rate ?? null) : null,
      lot: moved.lot,
      lotRows: moved.lotRows,
      used: covered ? 0n : (use.counted?.used ?? take),
      uses: covered ? undefined : { ...uses, amount: take },
      inPeriod: covered ? undefined : (use.counted?.inPeriod ?? inPeriodNow(journal, now, use, when.inPeriod)),
      pricedBy: covered ? undefined : use.counted?.pricedBy,
      late: when.late && !covered,
      blocksMax: use.blocksMax,
      hold: use.hold,
      held: first ? held : 0n,
      holdRows: first ? use.holdRows : undefined,
      corrects: use.corrects,
      terms: runsOut(now, take, amount) ? withStatus(now.terms, 'inactive') : undefined,
    };
    entries.push(journal.post(accountId, posting));
  }
  const [firstEntry] = entries;
  if (firstEntry) postBudgets(journal, { of: firstEntry, budgets, used: amount, held, uses });
  return entries;
}

/** The earlier period as the entries before this one have left it. */
const inPeriodNow = (
  journal: Journal,
  account: Readonly<Account>,
  { cause }: Taking,
  inPeriod: CountedAs['inPeriod'],
): CountedAs['inPeriod'] => inPeriod && (periodFor(journal, account, cause.occurredMs).inPeriod ?? inPeriod);

/** A licence whose last unit is used turns inactive. */
const runsOut = (account: Readonly<Account>, take: bigint, amount: bigint): boolean =>
  account.kind === 'licence' &&
  account.balance - take <= 0n &&
  statusBehind(account.terms) !== 'inactive' &&
  amount > 0n;
