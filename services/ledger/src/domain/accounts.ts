import type { Account, Settings, Terms } from './account.ts';
import { isRefilled, keepsLots } from './account.ts';
import type { Book } from './book.ts';
import { postBalance, postUsed } from './balance.ts';
import { availableOf } from './book.ts';
import type { Decided } from './decided.ts';
import { Refusal } from './decided.ts';
import type { Entry } from './entry.ts';
import { postGrant } from './lots.ts';
import { refuseTerms } from './package-terms.ts';
import { periodTimers } from './period-timers.ts';
import { planned, withFirstPlan } from './plan-changes.ts';
import type { Ask, Request } from './request.ts';
import { priorityDefault } from './request.ts';
import { closeRequest, existing } from './spend.ts';
import { accountView } from './views.ts';

type AskOf<T extends Ask['type']> = Extract<Ask, { type: T }>;

/** Opens an account, with its first grant in the same decision; the same opening again changes nothing. */
export function decideOpen(book: Book, request: Request, ask: AskOf<'open'>): Decided {
  const known = book.find(request.account);
  if (known) return sameAgain(book, known, ask);
  refuseSettings(ask.kind, ask.settings);
  if (ask.grant > 0n && !keepsLots(ask.kind)) throw new Refusal('ACCOUNT_KIND_CONFLICT', `a ${ask.kind} account takes no grants`);
  const opened = book.open({ id: request.account, kind: ask.kind, unit: ask.unit });
  const settings = ask.kind === 'metered' ? withFirstPlan(book, ask.settings) : ask.settings;
  const terms: Terms = { status: ask.status, owner: ask.owner, settings, limitFetchedMs: 0 };
  const withTerms = { ...opened, terms };
  const entries = [book.post(opened.id, { kind: 'opened', cause: request.cause, ordinal: 0, opened: true, terms, timers: periodTimers(book, withTerms) })];
  const allowance = isRefilled(withTerms) ? (ask.settings.allowance ?? 0n) : 0n;
  const first = ask.grant > allowance ? ask.grant : allowance;
  if (first > 0n) {
    entries.push(postGrant(book, opened.id, {
      kind: 'granted', cause: request.cause, ordinal: 1, amount: first, contra: ask.grant > allowance ? 'grants' : 'allowance',
      priority: priorityDefault, expiresMs: null,
    }));
  }
  return bookedState(book, entries);
}

function sameAgain(book: Book, known: Readonly<Account>, ask: AskOf<'open'>): Decided {
  if (known.kind !== ask.kind) throw new Refusal('ACCOUNT_KIND_CONFLICT', `the account exists as ${known.kind}`);
  if (known.unit !== ask.unit) throw new Refusal('UNIT_CONFLICT', `the account exists in ${known.unit}`);
  return { outcome: 'unchanged', account: known.id, entries: [], available: availableOf(book, known), state: accountView(book, known) };
}

/** Kinds obey only what has a meaning for them; anything else would be a promise that is not kept. */
function refuseSettings(kind: Account['kind'], settings: Settings): void {
  if (settings.overdraft !== null && kind !== 'wallet' && kind !== 'credits') throw new Refusal('REQUEST_INVALID', `a ${kind} account has no overdraft`);
  if (settings.allowance !== null && kind !== 'credits') throw new Refusal('REQUEST_INVALID', 'only credits accounts have an allowance');
  if (settings.allowance !== null && settings.period === null) throw new Refusal('REQUEST_INVALID', 'an allowance needs a period');
  if (settings.trialEndMs !== null && kind !== 'licence') throw new Refusal('REQUEST_INVALID', 'only licence accounts have a trial');
  if ((settings.package !== null || settings.initialGift !== null) && kind !== 'wallet') throw new Refusal('REQUEST_INVALID', 'only wallets have a package');
  const tiered = settings.tier !== null || settings.tierEndMs !== null || settings.baseAllowance !== null;
  if ((tiered || settings.periodFromMs !== null) && kind !== 'credits') throw new Refusal('REQUEST_INVALID', 'only credits accounts have tiers');
  if (tiered && (settings.tier === null || settings.baseAllowance === null || settings.allowance === null)) {
    throw new Refusal('REQUEST_INVALID', 'a tier needs an allowance and a base_allowance');
  }
  if (settings.plan !== null && kind !== 'metered') throw new Refusal('REQUEST_INVALID', 'only metered accounts have a price plan');
}

/** Changes owner, status, settings and balance in one decision. */
export function decideChange(book: Book, request: Request, ask: AskOf<'change'>): Decided {
  const account = existing(book, request.account);
  if (ask.ifOwner !== undefined && ask.ifOwner !== account.terms.owner) throw new Refusal('NOT_OWNER', 'the account has another owner');
  const asked = ask.settings(account.terms.settings);
  refuseSettings(account.kind, asked);
  const settings = planned(book, account, asked);
  if (ask.balance !== undefined && !keepsLots(account.kind)) throw new Refusal('ACCOUNT_KIND_CONFLICT', `the balance of a ${account.kind} account cannot be set`);
  if (ask.used !== undefined && account.kind !== 'quota') throw new Refusal('ACCOUNT_KIND_CONFLICT', `what a ${account.kind} account has used cannot be set`);
  if (ask.balance !== undefined && ask.balance < account.held) throw new Refusal('ALLOWANCE_EXHAUSTED', 'open holds reserve more than that balance');
  const terms: Terms = {
    status: ask.status ?? account.terms.status,
    owner: ask.owner === undefined ? account.terms.owner : ask.owner,
    settings,
    limitFetchedMs: account.terms.limitFetchedMs,
  };
  const entries = [book.post(account.id, { kind: 'changed', cause: request.cause, ordinal: 0, terms, timers: periodTimers(book, { ...account, terms }) })];
  if (ask.used !== undefined) entries.push(...postUsed(book, account.id, { cause: request.cause, used: ask.used }));
  if (ask.balance !== undefined) entries.push(...postBalance(book, account.id, { cause: request.cause, balance: ask.balance }));
  return bookedState(book, entries);
}

export function decideGrant(book: Book, request: Request, ask: AskOf<'grant'>): Decided {
  const account = existing(book, request.account);
  if (!keepsLots(account.kind)) throw new Refusal('ACCOUNT_KIND_CONFLICT', `a ${account.kind} account takes no grants`);
  if (ask.expiresMs !== null && ask.expiresMs <= book.nowMs) throw new Refusal('TIME_OUT_OF_RANGE', 'the grant would have expired already');
  refuseTerms(account, ask.terms, book.nowMs);
  if (ask.initialGift && account.terms.settings.initialGift !== null) throw new Refusal('GIFT_GIVEN', 'the account has had its initial gift');
  const changed = ask.settings ? ask.settings(account.terms.settings) : account.terms.settings;
  const settings = ask.initialGift ? { ...changed, initialGift: 'given' } : changed;
  refuseSettings(account.kind, settings);
  const terms = settings === account.terms.settings ? account.terms : { ...account.terms, settings };
  // Units added to an inactive licence make it active; a running trial stays a trial (surfaces §1).
  const activates = account.kind === 'licence' && account.terms.status === 'inactive';
  const entry = postGrant(book, account.id, {
    kind: 'granted', cause: request.cause, ordinal: 0, amount: ask.amount, contra: 'grants', priority: ask.priority, expiresMs: ask.expiresMs,
    purchased: ask.purchased,
    ...(activates ? { terms: { ...terms, status: 'active' as const } } : terms === account.terms ? {} : { terms }),
  });
  return { outcome: 'booked', account: account.id, entries: [entry], available: closeRequest(book, [entry]) };
}

/**
 * A limit that somebody else owns; the older of two fetches is ignored (rule 21). A newer fetch of the same limit is booked,
 * because it says that what an older fetch still under way will bring is outdated.
 */
export function decideLimit(book: Book, request: Request, ask: AskOf<'limit'>): Decided {
  const account = existing(book, request.account);
  if (ask.fetchedMs <= account.terms.limitFetchedMs) {
    return { outcome: 'unchanged', account: account.id, entries: [], available: availableOf(book, account), state: accountView(book, account) };
  }
  const terms = { ...account.terms, settings: { ...account.terms.settings, limit: ask.limit }, limitFetchedMs: ask.fetchedMs };
  return bookedState(book, [book.post(account.id, { kind: 'changed', cause: request.cause, ordinal: 0, terms })]);
}

/** What a change of terms answers: the account as it is afterwards. */
export function bookedState(book: Book, entries: readonly Entry[]): Decided {
  const available = closeRequest(book, entries);
  const account = existing(book, entries[0]?.account ?? '');
  return { outcome: 'booked', account: account.id, entries, available, state: accountView(book, account) };
}
