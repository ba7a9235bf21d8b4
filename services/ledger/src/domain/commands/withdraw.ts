import type { Account, Terms } from '../account/account.ts';
import { availableOf } from '../account/bounds.ts';
import { holdNumbered } from '../account/open-holds.ts';
import { sameSettings, settingsBefore } from '../account/package-terms.ts';
import { existing } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Cause, Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import type { Past } from '../past.ts';
import { budgetsOn, inCurrentPeriod, postBudgets } from '../posting/budgets.ts';
import { booked, unchanged } from '../posting/close.ts';
import { countedIn } from '../posting/counted-in.ts';
import { giveBackUsage, openLot, takeBackGrant } from '../posting/give-back.ts';
import { openRow, postRelease } from '../posting/hold-end.ts';
import { postGrant } from '../posting/lots.ts';
import { periodTimers } from '../posting/period-timers.ts';
import { postUse } from '../posting/use.ts';
import { planned } from '../prices/plan-changes.ts';
import type { CommandOf, Request } from '../request/request.ts';
import { priorityDefault } from '../request/request.ts';
import type { Target } from '../target.ts';
import { leftOf } from '../target.ts';

/**
 * Takes back a request whose caller was told 503 (rule 23). Booked: reversed by entries. Not booked: its id is booked
 * with amount 0, so that a late arrival is a duplicate.
 */
export function decideWithdraw(
  journal: Journal,
  request: Request,
  command: CommandOf<'withdraw'>,
  { targets }: Past,
): Outcome {
  const { account: id, cause } = request;
  // A withdrawal of a request for an unknown hold or entry has no account.
  if (id === '' || !journal.find(id)) return unchanged(id);
  const account = existing(journal, id);
  if (account instanceof Refusal) return account;
  const { source } = command;
  const found = targets.request(id, source, command.id);
  if (found.length === 0)
    return booked(journal, [
      journal.post(id, { kind: 'withdrawn', cause: { ...cause, source, id: command.id }, ordinal: 0 }),
    ]);
  const corrected = 'entry' in command ? targets.entry(command.entry.seq) : undefined;
  const entries: Entry[] = [];
  for (const target of found) {
    const entry = withdrawOne(journal, { target, cause, ordinal: entries.length, corrected });
    if (entry) entries.push(entry);
  }
  return entries.length === 0 ? unchanged(id, { available: availableOf(journal, account) }) : booked(journal, entries);
}

/** `corrected`: the entry that was to be corrected, where a correction is withdrawn. */
type Withdrawn = {
  readonly target: Target;
  readonly cause: Cause;
  readonly ordinal: number;
  readonly corrected?: Target | undefined;
};

/** null: there is nothing to take back any more. */
function withdrawOne(journal: Journal, withdrawn: Withdrawn): Entry | null {
  const { target } = withdrawn;
  switch (target.kind) {
    case 'held':
      return withdrawHold(journal, withdrawn);
    case 'extended':
      return withdrawExtension(journal, withdrawn);
    case 'changed':
      return withdrawTerms(journal, withdrawn);
    case 'corrected':
      return target.amount < 0n ? grantAgain(journal, withdrawn) : useAgain(journal, withdrawn);
    default:
      return target.amount > 0n ? withdrawGrant(journal, withdrawn) : withdrawUsage(journal, withdrawn);
  }
}

function withdrawHold(journal: Journal, { target, cause, ordinal }: Withdrawn): Entry | null {
  const account = journal.account(target.account);
  const hold = target.hold === null ? undefined : holdNumbered(account.holds, target.hold);
  if (!hold) return null;
  const id = `${cause.id}#${ordinal}`;
  return postRelease(journal, account.id, { hold, cause: { ...cause, id }, outcome: 'released' }).entry;
}

/** Takes an extension back, as far as the hold is open and still has it. */
function withdrawExtension(journal: Journal, { target, cause, ordinal }: Withdrawn): Entry | null {
  const account = journal.account(target.account);
  const hold = target.hold === null ? undefined : holdNumbered(account.holds, target.hold);
  if (!hold) return null;
  const amount = hold.amount < target.extended ? hold.amount : target.extended;
  if (amount === 0n) return null;
  const entry = journal.post(account.id, {
    kind: 'withdrawn',
    cause,
    ordinal,
    held: -amount,
    hold: hold.hold,
    holdRows: [openRow({ ...hold, amount: hold.amount - amount })],
  });
  postBudgets(journal, { of: entry, budgets: inCurrentPeriod(hold.budgets), used: 0n, held: -amount });
  return entry;
}

/**
 * Puts terms back that a request changed, unless they were changed since: a tier, its end and its allowance belong
 * together.
 */
function withdrawTerms(journal: Journal, { target, cause, ordinal }: Withdrawn): Entry | null {
  const account = journal.account(target.account);
  if (target.settings === null || !sameSettings(account.terms.settings, target.settings.after)) return null;
  const terms = { ...account.terms, settings: planned(journal, account, target.settings.before) };
  const timers = periodTimers(journal, { ...account, terms });
  return journal.post(account.id, { kind: 'withdrawn', cause, ordinal, corrects: target.partitionSeq, terms, timers });
}

const withdrawUsage = (journal: Journal, { target, cause, ordinal }: Withdrawn): Entry | null =>
  leftOf(target) > 0n
    ? giveBackUsage(journal, { target, amount: leftOf(target), kind: 'withdrawn', cause, ordinal })
    : null;

/** Takes what is left of a grant, and puts back the settings that came with it. */
function withdrawGrant(journal: Journal, { target, cause, ordinal }: Withdrawn): Entry | null {
  const account = journal.account(target.account);
  const left = openLot(account, target)?.left ?? 0n;
  const size = leftOf(target);
  const amount = left < size ? left : size;
  const terms = termsBefore(account, target);
  if (amount <= 0n && !terms) return null;
  return takeBackGrant(journal, { target, amount, kind: 'withdrawn', cause, ordinal }, terms ?? undefined);
}

/** The account's terms without what the target set; null: there is nothing to put back. */
function termsBefore(account: Readonly<Account>, { settings }: Target): Terms | null {
  if (settings === null) return null;
  const restored = settingsBefore(account.terms.settings, settings);
  return sameSettings(restored, account.terms.settings) ? null : { ...account.terms, settings: restored };
}

/** A withdrawn correction of a grant: the units are granted again, and as much of it may be corrected again. */
function grantAgain(journal: Journal, { target, cause, ordinal }: Withdrawn): Entry {
  const { priority = priorityDefault, expiresMs = null, purchased = false } = target.lot ?? {};
  return postGrant(journal, target.account, {
    kind: 'withdrawn',
    cause,
    ordinal,
    amount: -target.amount,
    contra: 'grants',
    priority,
    expiresMs,
    purchased,
    corrects: target.corrects ?? target.partitionSeq,
  });
}

/**
 * A withdrawn correction of usage: it is booked again as far as the account still has it. It counts again where the
 * correction had taken it off, and nowhere else. What had expired when it came back is not there to be taken.
 */
function useAgain(journal: Journal, { target, cause, corrected }: Withdrawn): Entry | null {
  const account = journal.account(target.account);
  const available = availableOf(journal, account);
  const there = target.amount - target.expired;
  const amount = available === null || available > there ? there : available;
  if (amount <= 0n) return null;
  const tookOff = corrected === undefined || corrected.periodStartMs === target.periodStartMs;
  const { model, occurredMs, recordedMs } = corrected ?? target;
  const [first = null] = postUse(journal, account.id, {
    kind: 'withdrawn',
    cause,
    amount,
    budgets: budgetsOn(journal, target.budgets),
    corrects: target.corrects ?? target.partitionSeq,
    counted: (tookOff ? countedIn(journal, account, target)?.posting : undefined) ?? { used: 0n },
    model,
    usedAt: { occurredMs, recordedMs },
  });
  return first;
}
