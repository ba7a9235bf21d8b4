import type { HoldView } from '@tollgate/contracts';

import type { Account, Hold } from '../account/account.ts';
import { refuseBeyond } from '../account/bounds.ts';
import { bookDueLots } from '../account/due-lots.ts';
import { descendantsOf, holdNumbered } from '../account/open-holds.ts';
import { refuseOverdraft, refuseTerms } from '../account/package-terms.ts';
import { refuseUse } from '../account/status.ts';
import type { Decision } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Cause, Entry, HoldOutcome, HoldRow } from '../entry.ts';
import type { Journal } from '../journal.ts';
import type { HoldId } from '../request/ids.ts';
import { formatHoldId } from '../request/ids.ts';
import type { Command, Request } from '../request/request.ts';
import { holdView } from '../views.ts';
import type { Target } from './correct.ts';
import {
  amountOf,
  closeRequest,
  existing,
  inCurrentPeriod,
  modelOf,
  postBudgets,
  postSpend,
  tieredState,
} from './spend.ts';

/** How ended holds ended, for the answer to whoever ends one again; looked up before deciding. */
export type EndedHolds = (id: HoldId) => HoldView | undefined;

export function decideHold(journal: Journal, request: Request, command: Extract<Command, { type: 'hold' }>): Decision {
  const account = existing(journal, request.account);
  refuseUse(journal, account);
  const parent = command.parent === null ? null : holdNumbered(account.holds, command.parent.hold);
  if (
    command.parent !== null &&
    (!parent || command.parent.ref !== account.ref || command.parent.partition !== journal.partition)
  ) {
    throw new Refusal('HOLD_UNKNOWN', 'the parent hold is not open on this account');
  }
  if (parent && parent.amount < command.amount) {
    throw new Refusal('ALLOWANCE_EXHAUSTED', `asked for ${command.amount}, the parent hold has ${parent.amount} left`, {
      refusal: { account: account.id, asked: String(command.amount), available: String(parent.amount) },
    });
  }
  refuseTerms(account, command.terms, journal.nowMs);
  refuseOverdraft(account, command.terms, command.amount);
  if (!parent) refuseBeyond(journal, account, command.amount);
  const number = account.seq + 1;
  const budgets = parent ? parent.budgets : journal.budgetsOf(account).map(({ id }) => id);
  const wanted = journal.nowMs + command.expiresInMs;
  const expiresMs = parent && parent.expiresMs < wanted ? parent.expiresMs : wanted;
  const opened = { hold: number, amount: command.amount, expiresMs, parent: parent?.hold ?? null, budgets };
  const held = parent ? 0n : command.amount;
  const entry = journal.post(account.id, {
    kind: 'held',
    cause: request.cause,
    ordinal: 0,
    held,
    hold: number,
    holdRows: [...(parent ? [openRow({ ...parent, amount: parent.amount - command.amount })] : []), openRow(opened)],
    timers: [{ dueMs: expiresMs, kind: 'hold', object: number }],
  });
  if (!parent) postBudgets(journal, { of: entry, budgets: inCurrentPeriod(budgets), used: 0n, held });
  return booked(journal, [entry], holdView(journal.partition, account, { ...opened, status: 'open' }));
}

export function decideExtend(
  journal: Journal,
  request: Request,
  command: { readonly hold: HoldId; readonly amount: bigint },
  ended: EndedHolds,
): Decision {
  const { account, hold } = openHold(journal, request, command.hold, ended);
  refuseUse(journal, account);
  refuseBeyond(journal, account, command.amount);
  const amount = hold.amount + command.amount;
  const entry = journal.post(account.id, {
    kind: 'extended',
    cause: request.cause,
    ordinal: 0,
    held: command.amount,
    hold: hold.hold,
    holdRows: [openRow({ ...hold, amount })],
  });
  postBudgets(journal, { of: entry, budgets: inCurrentPeriod(hold.budgets), used: 0n, held: command.amount });
  return booked(journal, [entry], holdView(journal.partition, account, { ...hold, amount, status: 'open' }));
}

/** Takes an extension back, as far as the hold is open and still has it. */
export function postUnextend(
  journal: Journal,
  back: {
    readonly target: Pick<Target, 'account' | 'hold' | 'extended'>;
    readonly cause: Cause;
    readonly ordinal: number;
  },
): Entry | null {
  const { target, cause, ordinal } = back;
  const account = existing(journal, target.account);
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
 * Settling less gives the rest back; settling more takes it from what is available (or, by the terms, from overdraft),
 * else the hold stays. One that is over is settled as by a spend where that was asked for: what was delivered is
 * booked, once.
 */
export function decideSettle(
  journal: Journal,
  request: Request,
  command: Extract<Command, { type: 'settle' }>,
  ended: EndedHolds,
): Decision {
  if (command.of !== null && command.of !== request.account)
    throw new Refusal('HOLD_UNKNOWN', 'the account has no such hold');
  const over = journal.endedHolds.get(formatHoldId(command.hold)) ?? ended(command.hold);
  if (command.spendIfOver && (over?.status === 'expired' || over?.status === 'released'))
    return settleOver(journal, request, command, over);
  const { account, hold } = openHold(journal, request, command.hold, ended);
  refuseTerms(account, command.terms, journal.nowMs);
  const { amount, rate } = amountOf(journal, account, command);
  const ending = endingOf(account, hold, 'settled', amount);
  const model = modelOf(command);
  refuseBeyond(journal, account, amount, {
    freed: ending.freed,
    overdraft: command.terms?.overdraft,
    model,
    models: amount <= ending.freed,
  });
  const entries = [
    ...postSpend(journal, account.id, {
      kind: 'settled',
      cause: request.cause,
      amount,
      rate,
      model,
      held: -ending.given(amount),
      hold: hold.hold,
      budgets: hold.budgets,
      holdRows: ending.rows(amount),
    }),
  ];
  bookDueLots(journal, account.id);
  const settled = holdView(journal.partition, account, {
    ...hold,
    amount: ending.freed,
    status: 'settled',
    settled: amount,
  });
  noteEnded(journal, account, ending.children, settled);
  return { ...booked(journal, entries, settled), ...tieredState(journal, account.id) };
}

/** Books usage whose hold is over: taken from the account as it is, and the hold is settled with it, so only once. */
function settleOver(
  journal: Journal,
  request: Request,
  command: Extract<Command, { type: 'settle' }>,
  over: HoldView,
): Decision {
  const account = existing(journal, request.account);
  refuseTerms(account, command.terms, journal.nowMs);
  const { amount, rate } = amountOf(journal, account, command);
  const model = modelOf(command);
  refuseBeyond(journal, account, amount, { overdraft: command.terms?.overdraft, model });
  const hold = {
    hold: command.hold.hold,
    amount: BigInt(over.amount),
    expiresMs: Date.parse(over.expires_at),
    parent: null,
    budgets: [],
  };
  const holdRows = [{ ...rowOf(hold), outcome: 'settled' as const, settled: amount }];
  const entries = postSpend(journal, account.id, {
    kind: 'settled',
    cause: request.cause,
    amount,
    rate,
    model,
    hold: hold.hold,
    holdRows,
  });
  const settled = holdView(journal.partition, account, { ...hold, status: 'settled', settled: amount });
  noteEnded(journal, account, [], settled);
  return { ...booked(journal, entries, settled), ...tieredState(journal, account.id) };
}

export function decideRelease(
  journal: Journal,
  request: Request,
  command: { readonly hold: HoldId },
  ended: EndedHolds,
): Decision {
  const { account, hold } = openHold(journal, request, command.hold, ended);
  const { entry, view } = postRelease(journal, account.id, { hold, cause: request.cause, outcome: 'released' });
  bookDueLots(journal, account.id);
  return booked(journal, [entry], view);
}

/** Ends a hold without a spend: by request or, at its deadline, by timer. */
export function postRelease(
  journal: Journal,
  accountId: string,
  end: { readonly hold: Hold; readonly cause: Cause; readonly outcome: 'released' | 'expired' },
): { entry: Entry; view: HoldView } {
  const account = existing(journal, accountId);
  const ending = endingOf(account, end.hold, end.outcome, null);
  const held = -ending.given(0n);
  const kind = end.outcome === 'released' ? 'released' : 'hold_expired';
  const entry = journal.post(accountId, {
    kind,
    cause: end.cause,
    ordinal: 0,
    held,
    hold: end.hold.hold,
    holdRows: ending.rows(0n),
  });
  postBudgets(journal, { of: entry, budgets: inCurrentPeriod(end.hold.budgets), used: 0n, held });
  const view = holdView(journal.partition, account, { ...end.hold, amount: ending.freed, status: end.outcome });
  noteEnded(journal, account, ending.children, view);
  return { entry, view };
}

/**
 * What ending a hold moves: its own amount and that of its open children, which end as released. What is not settled
 * goes back to an open parent, else to the account.
 */
function endingOf(account: Readonly<Account>, hold: Hold, outcome: HoldOutcome, settled: bigint | null) {
  const children = descendantsOf(account.holds, hold.hold);
  let freed = hold.amount;
  for (const child of children) freed += child.amount;
  const parent = hold.parent === null ? null : (holdNumbered(account.holds, hold.parent) ?? null);
  const back = (spent: bigint): bigint => (parent && spent < freed ? freed - spent : 0n);
  return {
    freed,
    children,
    /** By how much the account's held sum falls. */
    given: (spent: bigint): bigint => freed - back(spent),
    rows: (spent: bigint): readonly Omit<HoldRow, 'floor'>[] => [
      { ...rowOf(hold), outcome, settled },
      ...children.map((child) => ({ ...rowOf(child), outcome: 'released' as const, settled: null })),
      ...(parent && back(spent) > 0n ? [openRow({ ...parent, amount: parent.amount + back(spent) })] : []),
    ],
  };
}

function openHold(
  journal: Journal,
  request: Request,
  id: HoldId,
  ended: EndedHolds,
): { account: Readonly<Account>; hold: Hold } {
  if (request.account === '' || !journal.find(request.account))
    throw new Refusal('HOLD_UNKNOWN', 'there is no such hold');
  const account = existing(journal, request.account);
  const hold = holdNumbered(account.holds, id.hold);
  if (hold) return { account, hold };
  const outcome = journal.endedHolds.get(formatHoldId(id)) ?? ended(id);
  if (!outcome) throw new Refusal('HOLD_UNKNOWN', 'there is no such hold');
  throw new Refusal('HOLD_ENDED', `the hold was ${outcome.status} before`, { hold: outcome });
}

/** A batch may ask again for a hold that it has just ended. */
function noteEnded(journal: Journal, account: Readonly<Account>, children: readonly Hold[], ended: HoldView): void {
  journal.endedHolds.set(ended.hold_id, ended);
  for (const child of children) {
    const view = holdView(journal.partition, account, { ...child, status: 'released' });
    journal.endedHolds.set(view.hold_id, view);
  }
}

function booked(journal: Journal, entries: readonly Entry[], hold: HoldView): Decision {
  const account = entries[0]?.account ?? '';
  const available = closeRequest(journal, entries);
  return { outcome: 'booked', account, entries, available, hold };
}

const rowOf = (hold: Omit<Hold, 'rowSeq'>): Omit<HoldRow, 'floor' | 'outcome' | 'settled'> => ({
  hold: hold.hold,
  amount: hold.amount,
  expiresMs: hold.expiresMs,
  parent: hold.parent,
  budgets: hold.budgets,
});
const openRow = (hold: Omit<Hold, 'rowSeq'>): Omit<HoldRow, 'floor'> => ({
  ...rowOf(hold),
  outcome: 'open',
  settled: null,
});
