import type { Account, Counter, Settings, Terms } from '../account/account.ts';
import { isRefilled, keepsLots } from '../account/account.ts';
import { postBalance, postUsed } from '../account/balance.ts';
import { postGrant } from '../account/lots.ts';
import { periodTimers } from '../account/period-timers.ts';
import { endOf, periodAt } from '../account/periods.ts';
import { refuseClosed, resumed, withoutAccess, withStatus } from '../account/status.ts';
import type { Decided } from '../decided.ts';
import { Refusal } from '../decided.ts';
import type { Entry } from '../entry.ts';
import type { Book } from '../journal.ts';
import { planned } from '../prices/plan-changes.ts';
import type { Ask, Request } from '../request/request.ts';
import { priorityDefault } from '../request/request.ts';
import { bookedState, refuseSettings } from './open.ts';
import { existing } from './spend.ts';

type Change = Extract<Ask, { type: 'change' }>;

/** Changes owner, status, settings and balance in one decision. */
export function decideChange(book: Book, request: Request, ask: Change): Decided {
  const account = existing(book, request.account);
  if (ask.ifOwner !== undefined && ask.ifOwner !== account.terms.owner)
    throw new Refusal('NOT_OWNER', 'the account has another owner');
  const asked = ask.settings(account.terms.settings);
  refuseSettings(account.kind, asked);
  refuseFigures(account, ask);
  const { settings, counter } = withPeriods(book, account, planned(book, account, asked));
  const terms = termsAfter(account, ask, settings);
  const after = { ...account, terms };
  const entries = [
    book.post(account.id, {
      kind: 'changed',
      cause: request.cause,
      ordinal: 0,
      terms,
      timers: periodTimers(book, after, counter?.period),
      ...(counter ? { counter } : {}),
    }),
  ];
  const cause = { ...request.cause, details: null };
  if (!isRefilled(account) && isRefilled(after)) entries.push(...postFirstRefill(book, after, cause));
  if (ask.used !== undefined) entries.push(...postUsed(book, account.id, { cause, used: ask.used }));
  const balance = ask.access === 'close' && keepsLots(account.kind) ? 0n : ask.balance;
  if (balance !== undefined) entries.push(...postBalance(book, account.id, { cause, balance }));
  return bookedState(book, entries);
}

function refuseFigures(account: Readonly<Account>, ask: Change): void {
  if (ask.access !== 'resume' && (ask.balance ?? 0n) > 0n) refuseClosed(account);
  if (ask.balance !== undefined && !keepsLots(account.kind))
    throw new Refusal('ACCOUNT_KIND_CONFLICT', `the balance of a ${account.kind} account cannot be set`);
  if (ask.used !== undefined && account.kind !== 'quota')
    throw new Refusal('ACCOUNT_KIND_CONFLICT', `what a ${account.kind} account has used cannot be set`);
  if (ask.balance !== undefined && ask.balance < account.held)
    throw new Refusal('ALLOWANCE_EXHAUSTED', 'open holds reserve more than that balance');
  if (ask.access !== 'close') return;
  if (account.held !== 0n)
    throw new Refusal(
      'ACCOUNT_NOT_EMPTY',
      `open holds reserve ${account.held} ${account.unit}: settle or release them first`,
    );
  if (keepsLots(account.kind) && account.balance !== 0n && !ask.forfeit) {
    throw new Refusal(
      'ACCOUNT_NOT_EMPTY',
      `the balance is ${account.balance} ${account.unit}: bring it to 0, or close with "forfeit": true`,
    );
  }
}

function termsAfter(account: Readonly<Account>, ask: Change, settings: Settings): Terms {
  const { limitFetchedMs } = account.terms;
  const owner = ask.owner === undefined ? account.terms.owner : ask.owner;
  const terms: Terms = { status: account.terms.status, owner, settings, limitFetchedMs };
  const set = ask.status === undefined ? terms : withStatus(terms, ask.status);
  switch (ask.access) {
    case undefined:
      return set;
    case 'resume':
      return resumed(set);
    case 'suspend':
      return withoutAccess(set, 'suspended');
    case 'close':
      return withoutAccess(set, 'closed');
  }
}

/**
 * Other periods count from the end of the one under way, so that no usage is counted in two periods or in none. Where
 * there is none, or one without an end, the first period begins now. Without periods, what is counted goes on without a
 * reset.
 */
function withPeriods(
  book: Book,
  account: Readonly<Account>,
  settings: Settings,
): { readonly settings: Settings; readonly counter?: Counter } {
  if (settings.period === account.terms.settings.period) return { settings };
  if (settings.period === null) return { settings: { ...settings, periodFromMs: null } };
  const { counter } = book.rolled(account, book.nowMs);
  const endMs = endOf(counter.period);
  if (endMs !== null) return { settings: { ...settings, periodFromMs: endMs } };
  const begun = { ...settings, periodFromMs: book.nowMs };
  const period = periodAt(book.catalog, { ...account, terms: { ...account.terms, settings: begun } }, book.nowMs);
  return { settings: begun, counter: { period, used: 0n, highWater: 0n, before: counter.before + counter.used } };
}

/** An account that gets its first allowance has it at once, as one that is opened with it. */
function postFirstRefill(book: Book, account: Readonly<Account>, cause: Request['cause']): readonly Entry[] {
  const missing = (account.terms.settings.allowance ?? 0n) - account.balance;
  if (missing <= 0n) return [];
  return [
    postGrant(book, account.id, {
      kind: 'granted',
      cause,
      ordinal: 1,
      amount: missing,
      contra: 'allowance',
      priority: priorityDefault,
      expiresMs: null,
    }),
  ];
}
