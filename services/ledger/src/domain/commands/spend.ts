import { AppError } from '@tollgate/kernel';
import { countUsage, quantitiesOf, rateUsage, requestMeter } from '@tollgate/pricing';

import type { Account } from '../account/account.ts';
import { availableOf, refuseBeyond } from '../account/bounds.ts';
import { countedOn } from '../account/counted-in.ts';
import { inTime, periodFor } from '../account/counted-when.ts';
import type { Uses } from '../account/limit-counts.ts';
import { burn, lotAfter } from '../account/lots.ts';
import { refuseTerms } from '../account/package-terms.ts';
import { refuseUse, statusBehind, withStatus } from '../account/status.ts';
import type { Decision } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Cause, Entry, EntryKind, EntryRate } from '../entry.ts';
import type { Journal, Posting } from '../journal.ts';
import { cardAt, rateCardDefault } from '../prices/catalog.ts';
import type { Command, Request, Usage } from '../request/request.ts';
import { accountState } from '../views.ts';
import type { CountedOn } from './correct.ts';

/**
 * Takes units at once: the account's own balance and every budget above it are checked and booked in one decision.
 * Usage that costs 0 is an entry too: its id is remembered for ever, so that it is never charged when it comes again
 * under another price.
 */
export function decideSpend(
  journal: Journal,
  request: Request,
  command: Extract<Command, { type: 'spend' }>,
): Decision {
  const account = existing(journal, request.account);
  if (command.actor !== null && account.terms.owner !== command.actor)
    throw new Refusal('NOT_OWNER', 'the account belongs to somebody else');
  refuseUse(journal, account);
  refuseTerms(account, command.terms, journal.nowMs);
  const { amount, rate } = amountOf(journal, account, command);
  refuseBeyond(journal, account, amount, {
    overdraft: command.terms?.overdraft,
    occurredMs: request.cause.occurredMs,
    model: modelOf(command),
  });
  const entries = postSpend(journal, account.id, {
    kind: 'spent',
    cause: request.cause,
    amount,
    rate,
    model: modelOf(command),
    ...(command.blocksMax === null ? {} : { blocksMax: command.blocksMax }),
  });
  return {
    outcome: 'booked',
    account: account.id,
    entries,
    available: closeRequest(journal, entries),
    ...tieredState(journal, account.id),
  };
}

/** Accounts with tiers show what was ever used with each use (surfaces §4), so their answers carry the account. */
export function tieredState(journal: Journal, id: string): Pick<Decision, 'state'> {
  const account = existing(journal, id);
  return account.terms.settings.tier === null ? {} : { state: accountState(journal, account) };
}

export function existing(journal: Journal, id: string): Readonly<Account> {
  const account = journal.find(id);
  if (!account) throw new Refusal('ACCOUNT_UNKNOWN', 'there is no such account');
  if (account.frozen !== null) throw new Refusal('ACCOUNT_FROZEN', `the account is frozen: ${account.frozen}`);
  return account;
}

/** The model that usage names; null: none. */
export const modelOf = ({ inputs }: Pick<Usage, 'inputs'>): string | null => inputs['model'] ?? null;

/**
 * Amounts are booked as they are; a meter's quantities are rated, or (metered and quota accounts) counted as they are.
 */
export function amountOf(
  journal: Journal,
  account: Readonly<Account>,
  command: Usage,
): { amount: bigint; rate: EntryRate | null } {
  if (command.amount !== null) return { amount: command.amount, rate: null };
  const meter = command.meter ?? '';
  const quantities = quantitiesOf(command.inputs);
  if (meter === requestMeter) return { amount: quantities.get('quantity') ?? 1n, rate: null };
  const booked = cardAt(journal.catalog, rateCardDefault, journal.nowMs);
  const model = command.inputs['model'];
  const counts = account.kind === 'metered' || account.kind === 'quota';
  const amount =
    booked &&
    (counts
      ? countUsage(booked.card, meter, { model, quantities })
      : rateUsage(booked.card, meter, { model, quantities })?.cost);
  if (!booked || amount === undefined)
    throw new Refusal(
      'EVENT_TYPE_UNKNOWN',
      `no rate is in force for ${meter}${model === undefined ? '' : ` and ${model}`}`,
    );
  return {
    amount,
    rate: { card: rateCardDefault, version: counts ? 0 : booked.version, meter, inputs: command.inputs },
  };
}

/**
 * Posts a spend lot by lot, then one row on each budget, which counts it in its own period of the time at which it
 * happened (rule 17). `held` gives back what a hold had reserved, with the first entry. Nothing is checked here any
 * more.
 */
export function postSpend(
  journal: Journal,
  accountId: string,
  spend: {
    readonly kind: EntryKind;
    readonly cause: Cause;
    readonly amount: bigint;
    readonly rate?: EntryRate | null;
    readonly blocksMax?: bigint;
    readonly held?: bigint;
    readonly hold?: number;
    readonly budgets?: readonly string[];
    readonly corrects?: number;
    readonly holdRows?: Parameters<Journal['post']>[1]['holdRows'];
    /** Where it counts, whenever it happened; `used` 0: nowhere. */
    readonly period?: Pick<Posting, 'into' | 'pricedBy' | 'used'>;
    /** The budgets and their periods it counts in, whenever it happened. */
    readonly countedOn?: readonly CountedOn[];
    /** What limits by model count it as. */
    readonly model?: string | null;
    /** When it happened and was booked, for `limits`; default: now, as the cause says. */
    readonly usedAt?: Pick<Uses, 'occurredMs' | 'recordedMs'>;
  },
): readonly Entry[] {
  const before = existing(journal, accountId);
  const budgets = budgetsOf(journal, before, spend);
  const target = spend.period ? inTime : periodFor(journal, before, spend.cause.occurredMs);
  const entries: Entry[] = [];
  const uses = {
    model: spend.model ?? null,
    occurredMs: spend.cause.occurredMs,
    recordedMs: journal.nowMs,
    ...spend.usedAt,
  };
  for (const { lot, take } of burn(before, spend.amount)) {
    const account = existing(journal, accountId);
    const ordinal = entries.length;
    const first = ordinal === 0;
    const moved = lotAfter(lot, take);
    const goesInactive =
      account.kind === 'licence' &&
      account.balance - take <= 0n &&
      statusBehind(account.terms) !== 'inactive' &&
      spend.amount > 0n;
    // Goodwill is used before anything is counted and charged.
    const covered = account.kind === 'metered' && lot !== null;
    const posting: Mutable<Posting> = {
      ...(covered ? {} : { used: take, uses: { ...uses, amount: take }, ...spend.period }),
      kind: spend.kind,
      cause: spend.cause,
      ordinal,
      amount: -take,
      contra: covered ? 'goodwill' : 'usage',
      rate: first ? (spend.rate ?? null) : null,
      hold: spend.hold ?? null,
      held: first ? (spend.held ?? 0n) : 0n,
      lot: moved.lot,
      lotRows: moved.lotRows,
    };
    if (spend.blocksMax !== undefined) posting.blocksMax = spend.blocksMax;
    if (first && spend.holdRows) posting.holdRows = spend.holdRows;
    if (spend.corrects !== undefined) posting.corrects = spend.corrects;
    if (target.late && !covered) posting.late = true;
    if (target.into && !covered) posting.into = periodFor(journal, account, spend.cause.occurredMs).into ?? target.into;
    if (goesInactive) posting.terms = withStatus(account.terms, 'inactive');
    entries.push(journal.post(accountId, posting));
  }
  postBudgets(journal, { of: entries[0], budgets, used: spend.amount, held: spend.held ?? 0n, uses });
  return entries;
}

function budgetsOf(
  journal: Journal,
  account: Readonly<Account>,
  spend: Pick<Parameters<typeof postSpend>[2], 'budgets' | 'countedOn' | 'cause'>,
): Budgets {
  if (spend.countedOn) {
    return spend.countedOn.flatMap((on): Budgets => {
      const counted = countedOn(journal, on);
      if (counted) return [{ id: on.id, posting: counted.posting }];
      return journal.find(on.id)?.limitCounts.length ? [{ id: on.id, posting: { used: 0n } }] : [];
    });
  }
  const ids = spend.budgets ?? journal.budgetsOf(account).map(({ id }) => id);
  return ids.map((id) => {
    const budget = journal.find(id);
    return { id, posting: budget ? periodFor(journal, budget, spend.cause.occurredMs) : inTime };
  });
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Accounts above, and where each counts what is posted on it. */
export type Budgets = readonly {
  readonly id: string;
  readonly posting: Pick<Posting, 'into' | 'late' | 'pricedBy' | 'used'>;
}[];
export const inCurrentPeriod = (ids: readonly string[]): Budgets => ids.map((id) => ({ id, posting: inTime }));

/** Budget rows: what counts against the limits above, outside the trial balance (rule 20). */
export function postBudgets(
  journal: Journal,
  budget: {
    readonly of: Entry | undefined;
    readonly budgets: Budgets;
    readonly used: bigint;
    readonly held: bigint;
    /** What `limits` count it as; absent: nothing is used, only reserved. */
    readonly uses?: Omit<Uses, 'amount'>;
  },
): void {
  if (!budget.of || budget.budgets.length === 0) return;
  const cause: Cause = {
    source: 'budget',
    id: String(budget.of.partitionSeq),
    hash: null,
    occurredMs: budget.of.occurredMs,
    details: null,
  };
  for (const { id, posting } of budget.budgets) {
    if (!journal.find(id)) continue;
    const uses = budget.uses && budget.used !== 0n ? { uses: { ...budget.uses, amount: budget.used } } : {};
    journal.post(id, {
      kind: 'budgeted',
      cause,
      ordinal: 0,
      used: budget.used,
      held: budget.held,
      ...uses,
      ...posting,
    });
  }
}

/** What can be spent after the request; kept on its last entry so that a repeat gets the same answer. */
export function closeRequest(journal: Journal, entries: readonly Entry[]): bigint | null {
  const last = entries.at(-1);
  if (!last) throw new AppError('bug', 'INVARIANT_BROKEN', 'a booked request has entries');
  last.availableAfter = availableOf(journal, existing(journal, last.account));
  return last.availableAfter;
}
