import type { HoldView } from '@tollgate/contracts';

import type { Account, Hold } from '../account/account.ts';
import { refuseBeyond } from '../account/bounds.ts';
import { bookDueLots } from '../account/due-lots.ts';
import { descendantsOf, holdNumbered } from '../account/open-holds.ts';
import { refuseOverdraft, refuseTerms } from '../account/package-terms.ts';
import { refuseUse } from '../account/status.ts';
import type { Decided } from '../decided.ts';
import { Refusal } from '../decided.ts';
import type { Cause, Entry, HoldOutcome, HoldRow } from '../entry.ts';
import type { Book } from '../journal.ts';
import type { Ask, HoldId, Request } from '../request/request.ts';
import { formatHoldId } from '../request/request.ts';
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

export function decideHold(book: Book, request: Request, ask: Extract<Ask, { type: 'hold' }>): Decided {
  const account = existing(book, request.account);
  refuseUse(book, account);
  const parent = ask.parent === null ? null : holdNumbered(account.holds, ask.parent.hold);
  if (ask.parent !== null && (!parent || ask.parent.ref !== account.ref || ask.parent.partition !== book.partition)) {
    throw new Refusal('HOLD_UNKNOWN', 'the parent hold is not open on this account');
  }
  if (parent && parent.amount < ask.amount) {
    throw new Refusal('ALLOWANCE_EXHAUSTED', `asked for ${ask.amount}, the parent hold has ${parent.amount} left`, {
      refusal: { account: account.id, asked: String(ask.amount), available: String(parent.amount) },
    });
  }
  refuseTerms(account, ask.terms, book.nowMs);
  refuseOverdraft(account, ask.terms, ask.amount);
  if (!parent) refuseBeyond(book, account, ask.amount);
  const number = account.seq + 1;
  const budgets = parent ? parent.budgets : book.budgetsOf(account).map(({ id }) => id);
  const wanted = book.nowMs + ask.expiresInMs;
  const expiresMs = parent && parent.expiresMs < wanted ? parent.expiresMs : wanted;
  const opened = { hold: number, amount: ask.amount, expiresMs, parent: parent?.hold ?? null, budgets };
  const held = parent ? 0n : ask.amount;
  const entry = book.post(account.id, {
    kind: 'held',
    cause: request.cause,
    ordinal: 0,
    held,
    hold: number,
    holdRows: [...(parent ? [openRow({ ...parent, amount: parent.amount - ask.amount })] : []), openRow(opened)],
    timers: [{ dueMs: expiresMs, kind: 'hold', object: number }],
  });
  if (!parent) postBudgets(book, { of: entry, budgets: inCurrentPeriod(budgets), used: 0n, held });
  return booked(book, [entry], holdView(book.partition, account, { ...opened, status: 'open' }));
}

export function decideExtend(
  book: Book,
  request: Request,
  ask: { readonly hold: HoldId; readonly amount: bigint },
  ended: EndedHolds,
): Decided {
  const { account, hold } = openHold(book, request, ask.hold, ended);
  refuseUse(book, account);
  refuseBeyond(book, account, ask.amount);
  const amount = hold.amount + ask.amount;
  const entry = book.post(account.id, {
    kind: 'extended',
    cause: request.cause,
    ordinal: 0,
    held: ask.amount,
    hold: hold.hold,
    holdRows: [openRow({ ...hold, amount })],
  });
  postBudgets(book, { of: entry, budgets: inCurrentPeriod(hold.budgets), used: 0n, held: ask.amount });
  return booked(book, [entry], holdView(book.partition, account, { ...hold, amount, status: 'open' }));
}

/** Takes an extension back, as far as the hold is open and still has it. */
export function postUnextend(
  book: Book,
  back: {
    readonly target: Pick<Target, 'account' | 'hold' | 'extended'>;
    readonly cause: Cause;
    readonly ordinal: number;
  },
): Entry | null {
  const { target, cause, ordinal } = back;
  const account = existing(book, target.account);
  const hold = target.hold === null ? undefined : holdNumbered(account.holds, target.hold);
  if (!hold) return null;
  const amount = hold.amount < target.extended ? hold.amount : target.extended;
  if (amount === 0n) return null;
  const entry = book.post(account.id, {
    kind: 'withdrawn',
    cause,
    ordinal,
    held: -amount,
    hold: hold.hold,
    holdRows: [openRow({ ...hold, amount: hold.amount - amount })],
  });
  postBudgets(book, { of: entry, budgets: inCurrentPeriod(hold.budgets), used: 0n, held: -amount });
  return entry;
}

/**
 * Settling less gives the rest back; settling more takes it from what is available (or, by the terms, from overdraft),
 * else the hold stays. One that is over is settled as by a spend where that was asked for: what was delivered is
 * booked, once.
 */
export function decideSettle(
  book: Book,
  request: Request,
  ask: Extract<Ask, { type: 'settle' }>,
  ended: EndedHolds,
): Decided {
  if (ask.of !== null && ask.of !== request.account) throw new Refusal('HOLD_UNKNOWN', 'the account has no such hold');
  const over = book.endedHolds.get(formatHoldId(ask.hold)) ?? ended(ask.hold);
  if (ask.spendIfOver && (over?.status === 'expired' || over?.status === 'released'))
    return settleOver(book, request, ask, over);
  const { account, hold } = openHold(book, request, ask.hold, ended);
  refuseTerms(account, ask.terms, book.nowMs);
  const { amount, rate } = amountOf(book, account, ask);
  const ending = endingOf(account, hold, 'settled', amount);
  const model = modelOf(ask);
  refuseBeyond(book, account, amount, {
    freed: ending.freed,
    overdraft: ask.terms?.overdraft,
    model,
    models: amount <= ending.freed,
  });
  const entries = [
    ...postSpend(book, account.id, {
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
  bookDueLots(book, account.id);
  const settled = holdView(book.partition, account, {
    ...hold,
    amount: ending.freed,
    status: 'settled',
    settled: amount,
  });
  noteEnded(book, account, ending.children, settled);
  return { ...booked(book, entries, settled), ...tieredState(book, account.id) };
}

/** Books usage whose hold is over: taken from the account as it is, and the hold is settled with it, so only once. */
function settleOver(book: Book, request: Request, ask: Extract<Ask, { type: 'settle' }>, over: HoldView): Decided {
  const account = existing(book, request.account);
  refuseTerms(account, ask.terms, book.nowMs);
  const { amount, rate } = amountOf(book, account, ask);
  const model = modelOf(ask);
  refuseBeyond(book, account, amount, { overdraft: ask.terms?.overdraft, model });
  const hold = {
    hold: ask.hold.hold,
    amount: BigInt(over.amount),
    expiresMs: Date.parse(over.expires_at),
    parent: null,
    budgets: [],
  };
  const holdRows = [{ ...rowOf(hold), outcome: 'settled' as const, settled: amount }];
  const entries = postSpend(book, account.id, {
    kind: 'settled',
    cause: request.cause,
    amount,
    rate,
    model,
    hold: hold.hold,
    holdRows,
  });
  const settled = holdView(book.partition, account, { ...hold, status: 'settled', settled: amount });
  noteEnded(book, account, [], settled);
  return { ...booked(book, entries, settled), ...tieredState(book, account.id) };
}

export function decideRelease(
  book: Book,
  request: Request,
  ask: { readonly hold: HoldId },
  ended: EndedHolds,
): Decided {
  const { account, hold } = openHold(book, request, ask.hold, ended);
  const { entry, view } = postRelease(book, account.id, { hold, cause: request.cause, outcome: 'released' });
  bookDueLots(book, account.id);
  return booked(book, [entry], view);
}

/** Ends a hold without a spend: by request or, at its deadline, by timer. */
export function postRelease(
  book: Book,
  accountId: string,
  end: { readonly hold: Hold; readonly cause: Cause; readonly outcome: 'released' | 'expired' },
): { entry: Entry; view: HoldView } {
  const account = existing(book, accountId);
  const ending = endingOf(account, end.hold, end.outcome, null);
  const held = -ending.given(0n);
  const kind = end.outcome === 'released' ? 'released' : 'hold_expired';
  const entry = book.post(accountId, {
    kind,
    cause: end.cause,
    ordinal: 0,
    held,
    hold: end.hold.hold,
    holdRows: ending.rows(0n),
  });
  postBudgets(book, { of: entry, budgets: inCurrentPeriod(end.hold.budgets), used: 0n, held });
  const view = holdView(book.partition, account, { ...end.hold, amount: ending.freed, status: end.outcome });
  noteEnded(book, account, ending.children, view);
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
  book: Book,
  request: Request,
  id: HoldId,
  ended: EndedHolds,
): { account: Readonly<Account>; hold: Hold } {
  if (request.account === '' || !book.find(request.account)) throw new Refusal('HOLD_UNKNOWN', 'there is no such hold');
  const account = existing(book, request.account);
  const hold = holdNumbered(account.holds, id.hold);
  if (hold) return { account, hold };
  const outcome = book.endedHolds.get(formatHoldId(id)) ?? ended(id);
  if (!outcome) throw new Refusal('HOLD_UNKNOWN', 'there is no such hold');
  throw new Refusal('HOLD_ENDED', `the hold was ${outcome.status} before`, { hold: outcome });
}

/** A batch may ask again for a hold that it has just ended. */
function noteEnded(book: Book, account: Readonly<Account>, children: readonly Hold[], ended: HoldView): void {
  book.endedHolds.set(ended.hold_id, ended);
  for (const child of children) {
    const view = holdView(book.partition, account, { ...child, status: 'released' });
    book.endedHolds.set(view.hold_id, view);
  }
}

function booked(book: Book, entries: readonly Entry[], hold: HoldView): Decided {
  const account = entries[0]?.account ?? '';
  const available = closeRequest(book, entries);
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
