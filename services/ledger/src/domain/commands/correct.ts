import type { AccountStatus } from '@tollgate/contracts';

import type { Account, Counter, Lot, Settings, Terms } from '../account/account.ts';
import { goodwillOf, keepsLots } from '../account/account.ts';
import { availableOf } from '../account/bounds.ts';
import { countedIn, countedOn } from '../account/counted-in.ts';
import { expireReturned } from '../account/due-lots.ts';
import type { Uses } from '../account/limit-counts.ts';
import { lotAfter, postGrant } from '../account/lots.ts';
import { holdNumbered } from '../account/open-holds.ts';
import { lotNumbered } from '../account/open-lots.ts';
import { sameSettings, settingsBefore } from '../account/package-terms.ts';
import { periodTimers } from '../account/period-timers.ts';
import { statusBehind, withStatus } from '../account/status.ts';
import type { Decision } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Cause, Entry, EntryKind } from '../entry.ts';
import type { Journal, Posting } from '../journal.ts';
import { planned } from '../prices/plan-changes.ts';
import type { Command, Request } from '../request/request.ts';
import { priorityDefault } from '../request/request.ts';
import { postRelease, postUnextend } from './hold.ts';
import type { Budgets } from './spend.ts';
import { closeRequest, existing, postBudgets, postSpend } from './spend.ts';

/** An entry that is to be taken back, as looked up before deciding. */
export type Target = {
  readonly partitionSeq: number;
  readonly account: string;
  /** The request that booked it: a spend that burned several lots has an entry for each, numbered from 0 (rule 11). */
  readonly source: string;
  readonly requestId: string;
  readonly ordinal: number;
  readonly kind: EntryKind;
  /** Signed, as booked. */
  readonly amount: bigint;
  /** What earlier corrections gave back of it, ≥ 0. */
  readonly corrected: bigint;
  /** What of the units it gave back expired at once, because their lot had. */
  readonly expired: bigint;
  /** The lot it moved, with the terms a returned unit keeps. */
  readonly lot: {
    readonly lot: number;
    readonly priority: number;
    readonly expiresMs: number | null;
    readonly purchased: boolean;
  } | null;
  readonly hold: number | null;
  /** What an `extended` entry added to its hold; 0 for others. */
  readonly extended: bigint;
  /** The entry that this one corrected. */
  readonly corrects: number | null;
  readonly periodStartMs: number | null;
  /** When it happened and was booked, and the model its request named: what `limits` counted it as. */
  readonly occurredMs: number;
  readonly recordedMs: number;
  readonly model: string | null;
  /** Goodwill of a metered account covered it: it was not counted. */
  readonly covered: boolean;
  /** What was counted in its period when that ended, or by a correction since; null where nothing was kept. */
  readonly counted: Counter | null;
  /** The plan version at which blocks of its period were entered; null: none were. */
  readonly priced: { readonly name: string; readonly version: number } | null;
  /** Status of the account before it. */
  readonly statusBefore: AccountStatus;
  /** The settings before it and by it, where it changed them. */
  readonly settings: { readonly before: Settings; readonly after: Settings } | null;
  /** Ancestors it has budget rows on, each with the period of its own in which it counted. */
  readonly budgets: readonly CountedOn[];
};
/** A budget and a period of it, as `Target` tells of the account's own. */
export type CountedOn = { readonly id: string } & Pick<Target, 'periodStartMs' | 'counted' | 'priced'>;
/** What must be known of the past to take something back. */
export type Targets = {
  readonly entry: (seq: number) => Target | undefined;
  /** Every entry of a request on its own account, empty when it was never booked. */
  readonly request: (account: string, source: string, id: string) => readonly Target[];
};

const correctable = new Set<EntryKind>(['spent', 'settled', 'granted', 'adjusted', 'reset']);

/**
 * A mistake is corrected by another entry that names the first; usage is given back, a grant is taken back. The entry
 * that a spend was answered with stands for all of it, whatever lots it burned; each further entry of it for its own
 * part.
 */
export function decideCorrect(
  journal: Journal,
  request: Request,
  command: Extract<Command, { type: 'correct' }>,
  targets: Targets,
): Decision {
  const target = targets.entry(command.entry.seq);
  if (!target || command.entry.partition !== journal.partition)
    throw new Refusal('ENTRY_UNKNOWN', 'there is no such entry');
  const account = existing(journal, target.account);
  if (!correctable.has(target.kind) || target.amount === 0n)
    throw new Refusal('ENTRY_NOT_CORRECTABLE', `an entry of kind ${target.kind} moves nothing that can be given back`);
  const pieces =
    target.amount < 0n && target.ordinal === 0
      ? targets
          .request(target.account, target.source, target.requestId)
          .filter(({ kind, amount }) => kind === target.kind && amount < 0n)
      : [target];
  let left = 0n;
  for (const piece of pieces) left += leftOf(piece);
  const amount = command.amount ?? left;
  if (left === 0n) throw new Refusal('ENTRY_NOT_CORRECTABLE', 'the entry was given back completely before');
  if (amount > left) throw new Refusal('ENTRY_NOT_CORRECTABLE', `${left} of the entry are left to give back`);
  if (target.amount > 0n) refuseSpentGrant(account, target, amount);
  const entries: Entry[] = [];
  let rest = amount;
  for (const piece of pieces) {
    const back = leftOf(piece) < rest ? leftOf(piece) : rest;
    if (back > 0n)
      entries.push(
        postBack(journal, {
          target: piece,
          amount: back,
          kind: 'corrected',
          cause: request.cause,
          ordinal: entries.length,
        }),
      );
    rest -= back;
  }
  return { outcome: 'booked', account: account.id, entries, available: closeRequest(journal, entries) };
}

/** What of an entry was not given back yet. */
const leftOf = ({ amount, corrected }: Target): bigint => (amount < 0n ? -amount : amount) - corrected;

/** What is left of the lot that a target opened or burnt. */
const openLot = (account: Readonly<Account>, { lot }: Target): Lot | undefined =>
  lot ? lotNumbered(account.lots, lot.lot) : undefined;

function refuseSpentGrant(account: Readonly<Account>, target: Target, amount: bigint): void {
  const lot = openLot(account, target);
  const free = account.kind === 'metered' ? goodwillOf(account) : account.balance - account.held;
  if (!lot || lot.left < amount || free < amount)
    throw new Refusal(
      'ENTRY_NOT_CORRECTABLE',
      `${lot && lot.left < free ? lot.left : free} units of the grant are left`,
    );
}

/**
 * Takes back a request whose caller was told 503 (rule 23). Booked: reversed by entries. Not booked: its id is booked
 * with amount 0, so that a late arrival is a duplicate.
 */
export function decideWithdraw(
  journal: Journal,
  request: Request,
  command: Extract<Command, { type: 'withdraw' }>,
  targets: Targets,
): Decision {
  // A hold or entry that never was has no account.
  const account = request.account === '' ? undefined : journal.find(request.account);
  if (!account) return { outcome: 'unchanged', account: request.account, entries: [] };
  const booked = targets.request(request.account, command.source, command.id);
  const corrected = 'entry' in command ? targets.entry(command.entry.seq) : undefined;
  const entries: Entry[] = [];
  if (booked.length === 0) {
    entries.push(
      journal.post(account.id, {
        kind: 'withdrawn',
        cause: { ...request.cause, source: command.source, id: command.id },
        ordinal: 0,
      }),
    );
  }
  for (const target of booked) {
    const entry = withdrawOne(journal, { target, cause: request.cause, ordinal: entries.length, corrected });
    if (entry) entries.push(entry);
  }
  if (entries.length === 0)
    return { outcome: 'unchanged', account: account.id, entries: [], available: availableOf(journal, account) };
  return { outcome: 'booked', account: account.id, entries, available: closeRequest(journal, entries) };
}

/** `corrected`: the entry that was to be corrected, where a correction is withdrawn. */
type Withdrawn = {
  readonly target: Target;
  readonly cause: Cause;
  readonly ordinal: number;
  readonly corrected?: Target | undefined;
};

function withdrawOne(journal: Journal, back: Withdrawn): Entry | null {
  const { target, cause, ordinal } = back;
  const account = existing(journal, target.account);
  if (target.kind === 'held') {
    const hold = target.hold === null ? undefined : holdNumbered(account.holds, target.hold);
    return hold
      ? postRelease(journal, account.id, {
          hold,
          cause: { ...cause, id: `${cause.id}#${ordinal}` },
          outcome: 'released',
        }).entry
      : null;
  }
  if (target.kind === 'extended') return postUnextend(journal, { target, cause, ordinal });
  if (target.kind === 'changed') return withdrawTerms(journal, { target, cause, ordinal });
  if (target.kind === 'corrected') return withdrawCorrection(journal, back);
  const size = leftOf(target);
  if (size <= 0n && (target.amount <= 0n || target.settings === null)) return null;
  if (target.amount > 0n) {
    const lot = openLot(account, target);
    const left = lot?.left ?? 0n;
    const amount = left < size ? left : size;
    const terms = termsBefore(account, target);
    return amount > 0n || terms
      ? postBack(journal, { target, amount, kind: 'withdrawn', cause, ordinal, ...(terms ? { terms } : {}) })
      : null;
  }
  return postBack(journal, { target, amount: size, kind: 'withdrawn', cause, ordinal });
}

/**
 * Puts terms back that a request changed, unless somebody changed any since: a tier, its end and its allowance belong
 * together.
 */
function withdrawTerms(
  journal: Journal,
  back: { readonly target: Target; readonly cause: Cause; readonly ordinal: number },
): Entry | null {
  const account = existing(journal, back.target.account);
  const { cause, ordinal, target } = back;
  if (target.settings === null || !sameSettings(account.terms.settings, target.settings.after)) return null;
  const terms = { ...account.terms, settings: planned(journal, account, target.settings.before) };
  const timers = periodTimers(journal, { ...account, terms });
  return journal.post(account.id, { kind: 'withdrawn', cause, ordinal, corrects: target.partitionSeq, terms, timers });
}

/** The account's terms without what the target set; null: there is nothing to put back. */
function termsBefore(account: Readonly<Account>, target: Target): Terms | null {
  if (target.settings === null) return null;
  const settings = settingsBefore(account.terms.settings, target.settings);
  return sameSettings(settings, account.terms.settings) ? null : { ...account.terms, settings };
}

/**
 * Takes a correction back: usage is booked again as far as the account still has it, a grant is granted again. It
 * counts again where the correction had taken it off, and nowhere else. What had expired when it came back is not there
 * to be taken. It names the entry that was corrected, of which as much may be corrected again.
 */
function withdrawCorrection(journal: Journal, back: Withdrawn): Entry | null {
  const { target, cause, ordinal, corrected } = back;
  const account = existing(journal, target.account);
  const corrects = target.corrects ?? target.partitionSeq;
  if (target.amount < 0n) {
    const { priority = priorityDefault, expiresMs = null, purchased = false } = target.lot ?? {};
    const grant = {
      kind: 'withdrawn' as const,
      cause,
      ordinal,
      amount: -target.amount,
      contra: 'grants' as const,
      priority,
      expiresMs,
      purchased,
    };
    return postGrant(journal, account.id, { ...grant, corrects });
  }
  const available = availableOf(journal, account);
  const there = target.amount - target.expired;
  const amount = available === null || available > there ? there : available;
  if (amount <= 0n) return null;
  const tookOff = corrected === undefined || corrected.periodStartMs === target.periodStartMs;
  const period = (tookOff ? countedIn(journal, account, target)?.posting : undefined) ?? { used: 0n };
  const { model, occurredMs, recordedMs } = corrected ?? target;
  const usedAt = { occurredMs, recordedMs };
  return (
    postSpend(journal, account.id, {
      kind: 'withdrawn',
      cause,
      amount,
      countedOn: target.budgets,
      corrects,
      period,
      model,
      usedAt,
    })[0] ?? null
  );
}

/** Moves `amount` of a target back: to its lot's terms for usage, out of its lot for a grant, and off its budgets. */
function postBack(
  journal: Journal,
  back: {
    readonly target: Target;
    readonly amount: bigint;
    readonly kind: EntryKind;
    readonly cause: Cause;
    readonly ordinal: number;
    readonly terms?: Terms;
  },
): Entry {
  const { target, amount, kind, cause, ordinal, terms } = back;
  const account = existing(journal, target.account);
  const corrects = target.partitionSeq;
  if (target.amount > 0n) {
    const lot = openLot(account, target) ?? null;
    const left = endsAgain(account, target, amount) ? withStatus(terms ?? account.terms, 'inactive') : terms;
    return journal.post(account.id, {
      kind,
      cause,
      ordinal,
      amount: -amount,
      contra: 'grants',
      corrects,
      ...lotAfter(lot, amount),
      ...(left ? { terms: left } : {}),
    });
  }
  const { covered } = target;
  const counted = covered
    ? {}
    : { ...usedBack(journal, account, target, amount), uses: { ...usedAs(target), amount: -amount } };
  if (!keepsLots(account.kind) && !covered) {
    const entry = journal.post(account.id, { kind, cause, ordinal, amount, contra: 'usage', corrects, ...counted });
    postBudgetsBack(journal, { target, entry, amount });
    return entry;
  }
  const expiresMs = target.lot?.expiresMs ?? null;
  const expired = expiresMs !== null && expiresMs <= journal.nowMs;
  const entry = postGrant(journal, account.id, {
    kind,
    cause,
    ordinal,
    amount,
    contra: covered ? 'goodwill' : 'usage',
    corrects,
    ...counted,
    priority: target.lot?.priority ?? priorityDefault,
    purchased: target.lot?.purchased ?? false,
    expiresMs,
    ...(!expired && revives(account, amount) ? { terms: withStatus(account.terms, statusAfter(target)) } : {}),
  });
  postBudgetsBack(journal, { target, entry, amount });
  if (expired) expireReturned(journal, entry, expiresMs);
  return entry;
}

/**
 * Whether an entry moved the lot that it carries: what was taken beyond all lots, from overdraft, carries the one moved
 * last, and comes back with the terms of none.
 */
export const movedLot = (entry: Pick<Entry, 'accountKind' | 'amount' | 'balanceAfter' | 'contra'>): boolean =>
  entry.amount > 0n ||
  entry.contra === 'goodwill' ||
  (entry.amount < 0n && keepsLots(entry.accountKind) && entry.balanceAfter >= 0n);

/** Units given back to a licence that ran out make it usable again, as units added to it do (surfaces §1). */
const revives = (account: Readonly<Account>, amount: bigint): boolean =>
  account.kind === 'licence' && statusBehind(account.terms) === 'inactive' && account.balance + amount > 0n;

/** A licence that was made active by nothing but the units that are taken back is inactive again. */
const endsAgain = (account: Readonly<Account>, { settings, statusBefore }: Target, amount: bigint): boolean =>
  account.kind === 'licence' &&
  settings !== null &&
  statusBefore === 'inactive' &&
  statusBehind(account.terms) === 'active' &&
  account.balance - amount <= 0n;

/** A trial that the use of its last unit ended goes on. */
const statusAfter = ({ statusBefore }: Target): AccountStatus => (statusBefore === 'trial' ? 'trial' : 'active');

/** How `limits` counted an entry that is taken back. */
const usedAs = ({ model, occurredMs, recordedMs }: Target): Omit<Uses, 'amount'> => ({ model, occurredMs, recordedMs });

/**
 * Budgets give back what they still count: what they counted in a period that is over is not taken off the one that
 * runs.
 */
function postBudgetsBack(
  journal: Journal,
  { target, entry, amount }: { readonly target: Target; readonly entry: Entry; readonly amount: bigint },
): void {
  const budgets = target.budgets.flatMap((budget): Budgets => {
    const counted = countedOn(journal, budget);
    if (counted && counted.counter.used >= amount) return [{ id: budget.id, posting: counted.posting }];
    // Its `limits` have periods of their own, which may run still.
    return journal.find(budget.id)?.limitCounts.length ? [{ id: budget.id, posting: { used: 0n } }] : [];
  });
  postBudgets(journal, { of: entry, budgets, used: -amount, held: 0n, uses: usedAs(target) });
}

/** A correction lowers what was used in the entry's own period, as long as that is known. */
function usedBack(
  journal: Journal,
  account: Readonly<Account>,
  target: Target,
  amount: bigint,
): Pick<Posting, 'used' | 'into' | 'pricedBy'> {
  const counted = countedIn(journal, account, target);
  return counted && counted.counter.used >= amount ? { used: -amount, ...counted.posting } : {};
}
