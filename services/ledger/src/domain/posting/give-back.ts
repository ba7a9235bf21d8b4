import type { AccountStatus } from '@tollgate/contracts';

import type { Account, Terms } from '../account/account.ts';
import { keepsLots } from '../account/account.ts';
import type { Uses } from '../account/limit-counts.ts';
import type { Lot } from '../account/lot.ts';
import { lotNumbered } from '../account/open-lots.ts';
import { statusBehind, withStatus } from '../account/status.ts';
import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { priorityDefault } from '../request/request.ts';
import type { Target } from '../target.ts';
import { budgetsOn, postBudgets } from './budgets.ts';
import { countedIn } from './counted-in.ts';
import { expireReturned } from './due-lots.ts';
import { lotAfter, postGrant } from './lots.ts';
import type { CountedAs } from './posting.ts';

/** A part of an entry to be given or taken back. */
export type Back = {
  readonly target: Target;
  readonly amount: bigint;
  readonly kind: 'corrected' | 'withdrawn';
  readonly cause: Cause;
  readonly ordinal: number;
};

/** What is left of the lot that a target opened or burnt. */
export const openLot = (account: Readonly<Account>, { lot }: Target): Lot | undefined =>
  lot ? lotNumbered(account.lots, lot.lot) : undefined;

/** Takes a grant back out of its lot. `terms`: those of the account afterwards, where they change. */
export function takeBackGrant(journal: Journal, { target, amount, ...of }: Back, terms?: Terms): Entry {
  const account = journal.account(target.account);
  return journal.post(account.id, {
    ...of,
    amount: -amount,
    contra: 'grants',
    corrects: target.partitionSeq,
    ...lotAfter(openLot(account, target) ?? null, amount),
    terms: endsAgain(account, target, amount) ? withStatus(terms ?? account.terms, 'inactive') : terms,
  });
}

/** Gives usage back: to its lot's terms, off the period it counted in, and off its budgets. */
export function giveBackUsage(journal: Journal, { target, amount, ...of }: Back): Entry {
  const account = journal.account(target.account);
  const { covered, lot } = target;
  const counted = covered
    ? {}
    : { ...usedBack(journal, account, target, amount), uses: { ...usedAs(target), amount: -amount } };
  const posting = { ...of, amount, corrects: target.partitionSeq, ...counted };
  if (!keepsLots(account.kind) && !covered) {
    const entry = journal.post(account.id, { ...posting, contra: 'usage' });
    postBudgetsBack(journal, entry, target, amount);
    return entry;
  }
  const expiresMs = lot?.expiresMs ?? null;
  const expired = expiresMs !== null && expiresMs <= journal.nowMs;
  const entry = postGrant(journal, account.id, {
    ...posting,
    contra: covered ? 'goodwill' : 'usage',
    priority: lot?.priority ?? priorityDefault,
    purchased: lot?.purchased ?? false,
    expiresMs,
    terms: !expired && revives(account, amount) ? withStatus(account.terms, statusAfter(target)) : undefined,
  });
  postBudgetsBack(journal, entry, target, amount);
  if (expired) expireReturned(journal, entry, expiresMs);
  return entry;
}

/** How `limits` counted an entry that is given back. */
const usedAs = ({ model, occurredMs, recordedMs }: Target): Omit<Uses, 'amount'> => ({ model, occurredMs, recordedMs });

/** A correction lowers what was used in the entry's own period, as long as that is known. */
function usedBack(journal: Journal, account: Readonly<Account>, target: Target, amount: bigint): CountedAs {
  const counted = countedIn(journal, account, target);
  return counted && counted.counter.used >= amount ? { used: -amount, ...counted.posting } : {};
}

/** Budgets give back what they still count: what they counted in a period that is over is not taken off a later one. */
const postBudgetsBack = (journal: Journal, entry: Entry, target: Target, amount: bigint): void =>
  postBudgets(journal, {
    of: entry,
    budgets: budgetsOn(journal, target.budgets, amount),
    used: -amount,
    held: 0n,
    uses: usedAs(target),
  });

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
