import type { Account, Counter, Settings, Terms } from '../account/account.ts';
import { isRefilled, keepsLots } from '../account/account.ts';
import { endOf, periodAt } from '../account/periods.ts';
import { settingsRefusal } from '../account/settings-rules.ts';
import { closedRefusal, existing, resumed, withoutAccess, withStatus } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import { postBalance, postUsed } from '../posting/balance.ts';
import { bookedState } from '../posting/close.ts';
import { postGrant } from '../posting/lots.ts';
import { periodTimers } from '../posting/period-timers.ts';
import { planned } from '../prices/plan-changes.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { priorityDefault } from '../request/request.ts';

type Change = CommandOf<'change'>;

/** Changes owner, status, settings and balance in one decision. */
export function decideChange(journal: Journal, request: Request, command: Change): Outcome {
  const account = existing(journal, request.account);
  if (account instanceof Refusal) return account;
  if (command.ifOwner !== undefined && command.ifOwner !== account.terms.owner)
    return new Refusal('NOT_OWNER', 'the account has another owner');
  const asked = command.settings(account.terms.settings);
  const refusal = settingsRefusal(account.kind, asked) ?? figuresRefusal(account, command);
  if (refusal) return refusal;
  const { settings, beginsPeriod } = withPeriods(journal, account, planned(journal, account, asked));
  const terms = termsAfter(account, command, settings);
  const after = { ...account, terms };
  const timers = periodTimers(journal, after, beginsPeriod?.period);
  const entries = [
    journal.post(account.id, { kind: 'changed', cause: request.cause, ordinal: 0, terms, timers, beginsPeriod }),
  ];
  const cause = { ...request.cause, details: null };
  if (!isRefilled(account) && isRefilled(after)) entries.push(...postFirstRefill(journal, after, cause));
  if (command.used !== undefined) entries.push(...postUsed(journal, account.id, { cause, used: command.used }));
  const balance = command.access === 'close' && keepsLots(account.kind) ? 0n : command.balance;
  if (balance !== undefined) entries.push(...postBalance(journal, account.id, { cause, balance }));
  return bookedState(journal, entries);
}

function figuresRefusal(account: Readonly<Account>, { access, balance, used, forfeit }: Change): Refusal | null {
  const { kind, held, unit } = account;
  const closed = access !== 'resume' && (balance ?? 0n) > 0n ? closedRefusal(account) : null;
  if (closed) return closed;
  if (balance !== undefined && !keepsLots(kind))
    return new Refusal('ACCOUNT_KIND_CONFLICT', `the balance of a ${kind} account cannot be set`);
  if (used !== undefined && kind !== 'quota')
    return new Refusal('ACCOUNT_KIND_CONFLICT', `what a ${kind} account has used cannot be set`);
  if (balance !== undefined && balance < held)
    return new Refusal('ALLOWANCE_EXHAUSTED', 'open holds reserve more than that balance');
  if (access !== 'close') return null;
  if (held !== 0n)
    return new Refusal('ACCOUNT_NOT_EMPTY', `open holds reserve ${held} ${unit}: settle or release them first`);
  if (!keepsLots(kind) || account.balance === 0n || forfeit) return null;
  return new Refusal(
    'ACCOUNT_NOT_EMPTY',
    `the balance is ${account.balance} ${unit}: bring it to 0, or close with "forfeit": true`,
  );
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
): { readonly settings: Settings; readonly beginsPeriod?: Counter } {
  if (settings.period === account.terms.settings.period) return { settings };
  if (settings.period === null) return { settings: { ...settings, periodFromMs: null } };
  const { counter } = journal.countersAt(account, journal.nowMs);
  const endMs = endOf(counter.period);
  if (endMs !== null) return { settings: { ...settings, periodFromMs: endMs } };
  const begun = { ...settings, periodFromMs: journal.nowMs };
  const terms = { ...account.terms, settings: begun };
  const period = periodAt(journal.catalog, { ...account, terms }, journal.nowMs);
  const usedBefore = counter.usedBefore + counter.used;
  return { settings: begun, beginsPeriod: { period, used: 0n, highWater: 0n, usedBefore } };
}

/** An account that gets its first allowance is refilled at once, like one that is opened with it. */
function postFirstRefill(journal: Journal, account: Readonly<Account>, cause: Cause): readonly Entry[] {
  const amount = (account.terms.settings.allowance ?? 0n) - account.balance;
  if (amount <= 0n) return [];
  return [
    postGrant(journal, account.id, {
      kind: 'granted',
      cause,
      ordinal: 1,
      amount,
      contra: 'allowance',
      priority: priorityDefault,
      expiresMs: null,
    }),
  ];
}
