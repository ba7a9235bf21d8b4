import { expect } from '@jest/globals';
import type { AccountKind, AccountStatus, AnswerProblem, LedgerRequest } from '@tollgate/contracts';
import type { ErrorCode } from '@tollgate/kernel';

import type { Account, Settings } from '../domain/account/account.ts';
import { noSettings } from '../domain/account/account.ts';
import type { Hold } from '../domain/account/hold.ts';
import { holdNumbered } from '../domain/account/open-holds.ts';
import { lotNumbered } from '../domain/account/open-lots.ts';
import { decide } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import type { Entry } from '../domain/entry.ts';
import { evolve, openedBy } from '../domain/evolve.ts';
import { Journal } from '../domain/journal.ts';
import { emptyCatalog } from '../domain/prices/catalog.ts';
import { readRequest } from '../domain/request/read-request.ts';
import { MemoryBookStore } from './memory-book-store.ts';

/** When everything given was booked, and every request comes unless it says otherwise. */
export const nowMs = Date.parse('2026-11-21T10:00:00Z');

/** An entry of the past, from the account as it was before it. */
export type Fact = { readonly account: string; readonly entry: (before: Account) => Partial<Entry> };
type Request = { readonly account: string; readonly id?: string; readonly source?: string; readonly at?: number } & {
  [T in LedgerRequest['type']]: Pick<Extract<LedgerRequest, { type: T }>, 'type' | 'data'>;
}[LedgerRequest['type']];

export const opened = (
  account: string,
  of: {
    readonly kind?: AccountKind;
    readonly unit?: string;
    readonly owner?: string;
    readonly status?: AccountStatus;
    readonly settings?: Partial<Settings>;
  } = {},
): Fact => ({
  account,
  entry: () => ({
    kind: 'opened',
    accountKind: of.kind ?? 'wallet',
    unit: of.unit ?? 'u',
    opened: { openedMs: nowMs },
    terms: {
      status: of.status ?? 'active',
      owner: of.owner ?? null,
      settings: { ...noSettings, ...of.settings },
      limitFetchedMs: 0,
    },
  }),
});

/** A grant; its lot has the number of its entry in the account. */
export const granted = (
  account: string,
  amount: bigint,
  lot: { readonly priority?: number; readonly expiresMs?: number; readonly purchased?: boolean } = {},
): Fact => ({
  account,
  entry: ({ seq }) => {
    const { priority = 100, expiresMs = null, purchased = false } = lot;
    const row = { lot: seq + 1, left: amount, granted: amount, priority, expiresMs, purchased, floor: seq + 1 };
    return { kind: 'granted', amount, contra: 'grants', lot: seq + 1, lotLeft: amount, lotRows: [row] };
  },
});

/** Usage that burned a lot. */
export const spent = (
  account: string,
  amount: bigint,
  from: { readonly lot?: number; readonly id?: string } = {},
): Fact => ({
  account,
  entry: ({ lots, counter }) => {
    const lot = from.lot === undefined ? undefined : lotNumbered(lots, from.lot);
    const left = lot === undefined ? null : lot.left - amount;
    return {
      kind: 'spent',
      amount: -amount,
      contra: 'usage',
      usedAfter: counter.used + amount,
      ...(from.id === undefined ? {} : { requestId: from.id, source: 'http:spend' }),
      ...(lot && left !== null
        ? { lot: lot.lot, lotLeft: left, lotRows: left === 0n ? [{ ...lot, left, floor: 1 }] : [] }
        : {}),
    };
  },
});

/** A hold; its number is that of its entry in the account. */
export const held = (account: string, amount: bigint, of: Partial<Pick<Hold, 'expiresMs' | 'budgets'>> = {}): Fact => ({
  account,
  entry: ({ seq, held: reserved }) => {
    const { expiresMs = nowMs + 60_000, budgets = [] } = of;
    const row = {
      hold: seq + 1,
      amount,
      expiresMs,
      parent: null,
      budgets,
      outcome: 'open' as const,
      settled: null,
      floor: seq + 1,
    };
    return { kind: 'held', heldAfter: reserved + amount, hold: seq + 1, holdRows: [row] };
  },
});

/** A hold that was released. */
export const released = (account: string, hold: number): Fact => ({
  account,
  entry: ({ holds, held: reserved }) => {
    const open = holdNumbered(holds, hold);
    if (!open) throw new Error(`the account ${account} has no open hold ${hold}`);
    const row = { ...open, outcome: 'released' as const, settled: null, floor: 1 };
    return { kind: 'released', heldAfter: reserved - open.amount, hold, holdRows: [row] };
  },
});

/** What counts on a budget of something below it. */
export const budgeted = (account: string, used: bigint, reserved = 0n): Fact => ({
  account,
  entry: ({ counter, held: before }) => ({
    kind: 'budgeted',
    source: 'budget',
    usedAfter: counter.used + used,
    heldAfter: before + reserved,
  }),
});

/** The part of a value that a spec is about. */
type DeepPartial<T> = T extends readonly (infer U)[]
  ? readonly DeepPartial<U>[]
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** Accounts as these entries leave them, in an otherwise empty partition 0. Entries are numbered from 1. */
export function given(...facts: readonly Fact[]) {
  const store = new MemoryBookStore();
  const accounts = new Map<string, Account>();
  for (const fact of facts) book(store, accounts, fact);
  return { when: (request: Request) => decided(store, accounts, request) };
}

function book(store: MemoryBookStore, accounts: Map<string, Account>, { account: id, entry: fact }: Fact): void {
  const ref = [...accounts.keys()].indexOf(id) + 1 || accounts.size + 1;
  const before = accounts.get(id) ?? openedBy({ ref, account: id, accountKind: 'wallet', unit: 'u' }, nowMs);
  const said = fact(before);
  const account =
    accounts.get(id) ??
    openedBy({ ref, account: id, accountKind: said.accountKind ?? 'wallet', unit: said.unit ?? 'u' }, nowMs);
  const number = store.entries.length + 1;
  const lotLeft = account.lotSeen === null ? null : (lotNumbered(account.lots, account.lotSeen)?.left ?? 0n);
  const entry: Entry = {
    partitionSeq: number,
    ref,
    account: id,
    accountKind: account.kind,
    unit: account.unit,
    seq: account.seq + 1,
    kind: 'changed',
    amount: 0n,
    balanceAfter: account.balance + (said.amount ?? 0n),
    heldAfter: account.held,
    usedAfter: account.counter.used,
    contra: 'none',
    lot: account.lotSeen,
    lotLeft,
    hold: null,
    source: 'given',
    requestId: `given-${number}`,
    ordinal: 0,
    hash: null,
    periodStartMs: account.counter.period?.startMs ?? null,
    late: false,
    rate: null,
    corrects: null,
    occurredMs: nowMs,
    recordedMs: nowMs,
    offset: number,
    details: null,
    availableAfter: null,
    opened: null,
    terms: null,
    lotRows: [],
    holdRows: [],
    counterRows: [],
    limitCounts: null,
    crossings: [],
    blockChanges: [],
    timers: [],
    ...said,
  };
  evolve(account, entry);
  accounts.set(id, account);
  store.entries.push(entry);
}

function decided(store: MemoryBookStore, accounts: ReadonlyMap<string, Account>, request: Request) {
  const { at = nowMs, id = 'r', source = `http:${request.type}`, ...rest } = request;
  const lastSeq = store.entries.length;
  const journal = new Journal({ partition: 0, lastSeq, lastRef: accounts.size, catalog: emptyCatalog }, (account) =>
    accounts.get(account),
  );
  journal.nowMs = at;
  journal.offset = lastSeq + 1;
  const decision = decide(journal, readRequest(JSON.stringify({ v: 1, source, id, ...rest }), at), {
    targets: {
      entry: (seq) => store.target(seq),
      request: (account, ofSource, ofId) => store.targetsOf(account, ofSource, ofId),
    },
    endedHolds: (hold) => store.endedHold(hold),
  });
  return {
    decision,
    journal,
    /** The entries that are booked, in order: of the request, its budgets, and what had become due before. */
    then: (...entries: readonly DeepPartial<Entry>[]): Decision => {
      expect(decision.problem).toBeUndefined();
      expect(journal.entries).toMatchObject(entries);
      expect(journal.entries).toHaveLength(entries.length);
      return decision;
    },
    thenUnchanged: (): Decision => {
      expect(decision).toMatchObject({ outcome: 'unchanged' });
      expect(journal.entries).toEqual([]);
      return decision;
    },
    /** Nothing is booked. */
    thenRefused: (code: ErrorCode, problem: DeepPartial<AnswerProblem> = {}): Decision => {
      expect(decision).toMatchObject({ outcome: 'refused', problem: { code, ...problem } });
      expect(journal.entries).toEqual([]);
      expect([...journal.changed()]).toEqual([]);
      return decision;
    },
  };
}
