import type { Account, Counter, Settings, Terms } from '../account/account.ts';
import { isRefilled, keepsLots } from '../account/account.ts';
import { postBalance, postUsed } from '../account/balance.ts';
import { postGrant } from '../account/lots.ts';
import { periodTimers } from '../account/period-timers.ts';
import { endOf, periodAt } from '../account/periods.ts';
import { refuseClosed, resumed, withoutAccess, withStatus } from '../account/status.ts';
import type { Decision } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { planned } from '../prices/plan-changes.ts';
import type { Command, Request } from '../request/request.ts';
import { priorityDefault } from '../request/request.ts';
import { bookedState, refuseSettings } from './open.ts';
import { existing } from './spend.ts';

type Change = Extract<Command, { type: 'change' }>;

/** Changes owner, status, settings and balance in one decision. */
export function decideChange(journal: Journal, request: Request, command: Change): Decision {
  const account = existing(journal, request.account);
  if (command.ifOwner !== undefined && command.ifOwner !== account.terms.owner)
    throw new Refusal('NOT_OWNER', 'the account has another owner');
  const asked = command.settings(account.terms.settings);
  refuseSettings(account.kind, asked);
  refuseFigures(account, command);
  const { settings, counter } = withPeriods(journal, account, planned(journal, account, asked));
  const terms = termsAfter(account, command, settings);
  const after = { ...account, terms };
  const entries = [
    journal.post(account.id, {
      kind: 'changed',
      cause: request.cause,
      ordinal: 0,
      terms,
      timers: periodTimers(journal, after, counter?.period),
      ...(counter ? { counter } : {}),
    }),
  ];
  const cause = { ...request.cause, details: null };
  if (!isRefilled(account) && isRefilled(after)) entries.push(...postFirstRefill(journal, after, cause));
  if (command.used !== undefined) entries.push(...postUsed(journal, account.id, { cause, used: command.used }));
  const balance = command.access === 'close' && keepsLots(account.kind) ? 0n : command.balance;
  if (balance !== undefined) entries.push(...postBalance(journal, account.id, { cause, balance }));
  return bookedState(journal, entries);
}

function refuseFigures(account: Readonly<Account>, command: Change): void {
  if (command.access !== 'resume' && (command.balance ?? 0n) > 0n) refuseClosed(account);
  if (command.balance !== undefined && !keepsLots(account.kind))
    throw new Refusal('ACCOUNT_KIND_CONFLICT', `the balance of a ${account.kind} account cannot be set`);
  if (command.used !== undefined && account.kind !== 'quota')
    throw new Refusal('ACCOUNT_KIND_CONFLICT', `what a ${account.kind} account has used cannot be set`);
  if (command.balance !== undefined && command.balance < account.held)
    throw new Refusal('ALLOWANCE_EXHAUSTED', 'open holds reserve more than that balance');
  if (command.access !== 'close') return;
  if (account.held !== 0n)
    throw new Refusal(
      'ACCOUNT_NOT_EMPTY',
      `open holds reserve ${account.held} ${account.unit}: settle or release them first`,
    );
  if (keepsLots(account.kind) && account.balance !== 0n && !command.forfeit) {
    throw new Refusal(
      'ACCOUNT_NOT_EMPTY',
      `the balance is ${account.balance} ${account.unit}: bring it to 0, or close with "forfeit": true`,
    );
  }
}

function termsAfter(account: Readonly<Account>, command: Change, settings: Settings): Terms {
  const { limitFetchedMs } = account.terms;
  const owner = command.owner === undefined ? account.terms.owner : command.owner;
  const terms: Terms = { status: account.terms.status, owner, settings, limitFetchedMs };
  const set = command.status === undefined ? terms : withStatus(terms, command.status);
  switch (command.access) {
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
  journal: Journal,
  account: Readonly<Account>,
  settings: Settings,
): { readonly settings: Settings; readonly counter?: Counter } {
  if (settings.period === account.terms.settings.period) return { settings };
  if (settings.period === null) return { settings: { ...settings, periodFromMs: null } };
  const { counter } = journal.rolled(account, journal.nowMs);
  const endMs = endOf(counter.period);
  if (endMs !== null) return { settings: { ...settings, periodFromMs: endMs } };
  const begun = { ...settings, periodFromMs: journal.nowMs };
  const period = periodAt(journal.catalog, { ...account, terms: { ...account.terms, settings: begun } }, journal.nowMs);
  return { settings: begun, counter: { period, used: 0n, highWater: 0n, before: counter.before + counter.used } };
}

/** An account that gets its first allowance has it at once, as one that is opened with it. */
function postFirstRefill(journal: Journal, account: Readonly<Account>, cause: Request['cause']): readonly Entry[] {
  const missing = (account.terms.settings.allowance ?? 0n) - account.balance;
  if (missing <= 0n) return [];
  return [
    postGrant(journal, account.id, {
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
