import { Refusal } from '../decision.ts';
import { isoTime } from '../iso-time.ts';
import type { Journal } from '../journal.ts';
import { periodFor } from '../posting/counted-when.ts';
import type { Account, PeriodLimit } from './account.ts';
import { goodwillOf, keepsLots } from './account.ts';
import { countsAt, countsModel, placeOf } from './limit-counts.ts';
import { noLots } from './open-lots.ts';
import { freeUnits } from './package-terms.ts';
import { endOf } from './periods.ts';

/** One bound on what an account may use: its balance, its limit, or one of its `limits`. */
export type Bound = {
  /** What is left to use; below 0 where more was used. */
  readonly left: bigint;
  /** Absent: the balance. */
  readonly limit?: bigint;
  readonly period?: string;
  readonly model?: string;
  /** Used in the period, and reserved; of a limit. */
  readonly used: bigint;
  readonly held: bigint;
  /** Start of the next period, when waiting helps. */
  readonly resetsMs: number | null;
  /** It is the bound of a period that is over, in which the usage happened. */
  readonly over: boolean;
};

/** A requested use. */
export type Use = {
  /** undefined: a reservation, whose model is not known yet; null: usage without a model. */
  readonly model?: string | null | undefined;
  /** Overdraft by a package's terms, which take precedence over the account's settings. */
  readonly overdraft?: boolean | undefined;
  /** When it happened. Usage of the period before (rule 17) is bounded by what was used in that period. */
  readonly occurredMs?: number | undefined;
};

/** The bounds of an account, without those of the budgets above it. */
function boundsOf(journal: Journal, account: Readonly<Account>, use: Use): readonly Bound[] {
  const bounds: Bound[] = [];
  const occurredMs = use.occurredMs ?? journal.nowMs;
  const { counter } = journal.countersAt(account, journal.nowMs);
  const endMs = endOf(counter.period);
  const { settings } = account.terms;
  const goodwill = goodwillOf(account);
  const own = balanceLeft(account, use.overdraft);
  if (own !== null)
    bounds.push({
      left: own,
      used: 0n,
      held: 0n,
      resetsMs: account.kind === 'credits' && settings.allowance !== null ? endMs : null,
      over: false,
    });
  if (settings.limit !== null) {
    const { inPeriod } = periodFor(journal, account, occurredMs);
    const used = inPeriod?.used ?? counter.used;
    const held = inPeriod ? 0n : account.held;
    bounds.push({
      left: settings.limit - used - held + goodwill,
      limit: settings.limit,
      used,
      held,
      resetsMs: inPeriod ? null : endMs,
      over: inPeriod !== undefined,
    });
  }
  if (settings.limits.length > 0) bounds.push(...limitBounds(journal, account, { ...use, occurredMs }));
  return bounds;
}

/**
 * The `limits` of an account that bind a use. Limits with a model do not bind reservations, only what is spent and
 * settled.
 */
function limitBounds(
  journal: Journal,
  account: Readonly<Account>,
  use: Use & { readonly occurredMs: number },
): readonly Bound[] {
  const { model, occurredMs } = use;
  return limitsAt(journal, account, occurredMs, (limit) =>
    model === undefined ? limit.model === null : countsModel(limit, model),
  );
}

function limitsAt(
  journal: Journal,
  account: Readonly<Account>,
  occurredMs: number,
  binds: (limit: PeriodLimit) => boolean,
): readonly Bound[] {
  const { settings } = account.terms;
  const counts = countsAt(account, settings, journal.nowMs);
  return settings.limits.flatMap((limit, index) => {
    const count = counts[index];
    if (!count || !binds(limit)) return [];
    const place = placeOf(count, limit, { occurredMs, recordedMs: journal.nowMs }, (startMs) =>
      journal.graceAt(account, startMs),
    );
    const over = place !== null && place !== 'current';
    const used = over ? place.used : count.used;
    const held = over || limit.model !== null ? 0n : account.held;
    return [
      {
        left: limit.amount - used - held + goodwillOf(account),
        limit: limit.amount,
        period: limit.period,
        ...(limit.model === null ? {} : { model: limit.model }),
        used,
        held,
        resetsMs: over ? null : count.period.endMs,
        over,
      },
    ];
  });
}

/** What the account's own balance and overdraft leave; null: they bound nothing. */
function balanceLeft(account: Readonly<Account>, overdraft: boolean | undefined): bigint | null {
  const { settings } = account.terms;
  if (!keepsLots(account.kind))
    return account.kind === 'quota' && settings.limit === null && settings.limits.length === 0 ? 0n : null;
  if (overdraft !== undefined) return overdraft ? null : freeUnits(account);
  if (settings.overdraft === 'unlimited' && account.kind !== 'licence') return null;
  const floor = account.kind === 'licence' || settings.overdraft === 'unlimited' ? 0n : (settings.overdraft ?? 0n);
  return account.balance - account.held + floor;
}

/** The first of those that leave least. */
const tightest = (bounds: readonly Bound[]): Bound | undefined =>
  bounds.reduce<Bound | undefined>(
    (least, bound) => (least === undefined || bound.left < least.left ? bound : least),
    undefined,
  );

/** What an account and its budgets leave to spend, whatever the model; null: nothing bounds it. */
export function availableOf(journal: Journal, account: Readonly<Account>): bigint | null {
  let least = tightest(boundsOf(journal, account, {}))?.left ?? null;
  for (const budget of journal.budgetsOf(account)) {
    const left = tightest(budgetBounds(journal, budget, {}))?.left;
    if (left !== undefined && (least === null || left < least)) least = left;
  }
  return least;
}

/** A budget bounds others by its limits alone: its own balance and goodwill are its own. */
const budgetBounds = (journal: Journal, budget: Readonly<Account>, use: Use): readonly Bound[] =>
  boundsOf(journal, { ...budget, lots: noLots }, use).filter(({ limit }) => limit !== undefined);

/**
 * Why the account or a budget above it cannot give an amount: the nearest that cannot is named, by its tightest bound.
 * `freed`: what a hold gives back with this request. `models`: only limits that name a model are asked, because a hold
 * has reserved the rest.
 */
export function boundsRefusal(
  journal: Journal,
  account: Readonly<Account>,
  amount: bigint,
  use: Use & { readonly freed?: bigint; readonly models?: boolean } = {},
): Refusal | null {
  // A use of 0 is always allowed, on an overdrawn account too.
  if (amount === 0n) return null;
  const { freed = 0n } = use;
  const levels = [account, ...journal.budgetsOf(account)].flatMap((one): readonly Level[] => {
    const all = one === account ? boundsOf(journal, one, use) : budgetBounds(journal, one, use);
    const bounds = all
      .filter(({ model }) => use.models !== true || model !== undefined)
      .map((bound) => (bound.model === undefined ? { ...bound, left: bound.left + freed } : bound));
    const bound = tightest(bounds);
    return bound === undefined ? [] : [{ of: one, bound }];
  });
  const first = levels.find(({ bound }) => bound.left < amount);
  return first === undefined ? null : refusal(account, amount, first, levels);
}

/** An account of a family and its tightest bound. */
type Level = { readonly of: Readonly<Account>; readonly bound: Bound };

/**
 * `available` is what could be spent: the least that any level leaves. The level that is named is the nearest that
 * refuses.
 */
function refusal(account: Readonly<Account>, asked: bigint, named: Level, levels: readonly Level[]): Refusal {
  const least = levels.reduce((a, b) => (b.bound.left < a.bound.left ? b : a), named);
  const available = atLeast0(least.bound.left);
  const { of: refusing, bound } = named;
  const farther = least === named ? '' : `; ${told(account, named)}`;
  return new Refusal('ALLOWANCE_EXHAUSTED', `asked for ${asked} ${account.unit}, ${told(account, least)}${farther}`, {
    refusal: {
      account: refusing.id,
      ...(bound.limit === undefined ? {} : { limit: String(bound.limit) }),
      ...(bound.period === undefined ? {} : { period: bound.period }),
      ...(bound.model === undefined ? {} : { model: bound.model }),
      asked: String(asked),
      available: String(available),
      ...(bound.resetsMs === null ? {} : { resets_at: isoTime(bound.resetsMs) }),
    },
  });
}

function told(account: Readonly<Account>, { of: one, bound }: Level): string {
  const where = one.id === account.id ? 'the account' : `the budget of ${one.id}`;
  const of =
    bound.period === undefined
      ? ''
      : ` of its limit${bound.model === undefined ? '' : ` for ${bound.model}`} of ${bound.limit} in ${bound.period}`;
  const then = bound.over ? ' in the period in which it happened' : '';
  return `${where} has ${atLeast0(bound.left)}${of} available${then}`;
}

const atLeast0 = (left: bigint): bigint => (left > 0n ? left : 0n);

/** Every limit of an account as of now: of the whole account and of single models, in all their periods. */
export const limitsOf = (journal: Journal, account: Readonly<Account>): readonly Bound[] => [
  ...boundsOf(journal, account, {}).filter(({ limit, period }) => limit !== undefined && period === undefined),
  ...limitsAt(journal, account, journal.nowMs, () => true),
];
