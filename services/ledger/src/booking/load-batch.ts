import type { HoldView } from '@tollgate/contracts';
import { ancestorsOf } from '@tollgate/kernel';

import type { Account } from '../domain/account/account.ts';
import { holdNumbered } from '../domain/account/open-holds.ts';
import type { Target } from '../domain/commands/correct.ts';
import type { Request } from '../domain/request/request.ts';
import type { Loaded, ReadRecord } from './decide-batch.ts';
import { accountsOf, identityIn, identityOf, timersPerTick } from './decide-batch.ts';
import type { PartitionBooks } from './partition-books.ts';
import type { BookStore, FirstAnswer, Identity } from './ports.ts';

/** Timers kept in memory a partition; later ones are loaded when time comes near. */
const timersLoaded = 50_000;

/** One partition's part of a group while it is being decided. */
export type LoadingBatch = {
  readonly books: PartitionBooks;
  readonly records: readonly ReadRecord[];
  readonly loaded: MutableLoaded;
};
export type MutableLoaded = {
  accounts: Map<string, Account | null>;
  idByRef: Map<number, string>;
  known: Map<string, FirstAnswer | null>;
  endedHolds: Map<string, HoldView>;
  targets: Map<number, Target>;
  requestTargets: Map<string, readonly Target[]>;
};
export const nothingLoaded = (): MutableLoaded & Loaded => ({
  accounts: new Map(),
  idByRef: new Map(),
  known: new Map(),
  endedHolds: new Map(),
  targets: new Map(),
  requestTargets: new Map(),
});

/** Brings into memory what the batches of a group need; one query for all accounts where nothing refers further. */
export async function loadGroup(store: BookStore, group: readonly LoadingBatch[]): Promise<void> {
  for (const batch of group) {
    await loadTimers(store, batch);
    await loadTargets(store, batch);
  }
  await loadAccounts(store, group);
  for (const batch of group) {
    nameAccounts(batch);
    await loadRequestTargets(store, batch);
  }
  await loadAccounts(store, group);
  for (const batch of group) {
    await loadEndedHolds(store, batch);
    if (batch.books.lookFirst > 0) await loadKnown(store, batch, allIdentities(batch));
  }
}

export function allIdentities(batch: LoadingBatch): readonly string[] {
  const identities = new Set<string>();
  for (const { request } of batch.records) {
    if (request && request.account !== '') identities.add(identityOf(request));
  }
  return [...identities];
}

/** Looks identities up in the books: found ones with their first answer, others as null. */
export async function loadKnown(store: BookStore, batch: LoadingBatch, identities: readonly string[]): Promise<void> {
  const missing = identities.filter((identity) => batch.loaded.known.get(identity) === undefined);
  if (missing.length === 0) return;
  const found = await store.firstAnswers(batch.books.partition, missing.map(identityIn));
  for (const [index, identity] of missing.entries()) batch.loaded.known.set(identity, found[index] ?? null);
}

async function loadTimers(store: BookStore, { books, records }: LoadingBatch): Promise<void> {
  const lastMs = records.at(-1)?.timeMs ?? 0;
  const ticks = records.filter(({ request }) => request?.ask.type === 'tick' || request?.ask.type === 'clock').length;
  if (ticks === 0) return;
  const { timers, position } = books;
  while (timers.horizonMs !== Infinity && timers.horizonMs <= lastMs && timers.size <= ticks * timersPerTick) {
    const after = timers.peek(Infinity, Infinity).at(-1) ?? position.timer;
    const more = await store.timers(books.partition, after, timersLoaded);
    timers.load(more, more.length < timersLoaded ? Infinity : (more.at(-1)?.dueMs ?? Infinity));
  }
}

async function loadAccounts(store: BookStore, group: readonly LoadingBatch[]): Promise<void> {
  const byId: { partition: number; id: string }[] = [];
  const byRef: { partition: number; ref: number }[] = [];
  for (const batch of group) {
    const { books, loaded } = batch;
    for (const id of neededIds(batch)) {
      const cached = books.account(id);
      if (cached === undefined) byId.push({ partition: books.partition, id });
      else keep(loaded, id, cached);
    }
    for (const ref of neededRefs(batch)) byRef.push({ partition: books.partition, ref });
  }
  if (byId.length === 0 && byRef.length === 0) return;
  const found = await store.accounts({ byId, byRef });
  const byPartition = new Map(group.map((batch) => [batch.books.partition, batch]));
  for (const { partition, id } of byId) byPartition.get(partition)?.loaded.accounts.set(id, null);
  for (const { partition, account } of found) {
    const batch = byPartition.get(partition);
    if (!batch) continue;
    keep(batch.loaded, account.id, account);
    batch.books.keepAccount(account.id, account);
  }
  for (const { partition, id } of byId) {
    const batch = byPartition.get(partition);
    if (batch && batch.loaded.accounts.get(id) === null) batch.books.keepAccount(id, null);
  }
}

function keep(loaded: MutableLoaded, id: string, account: Account | null): void {
  loaded.accounts.set(id, account);
  if (account) loaded.idByRef.set(account.ref, id);
}

function* neededIds({ records, loaded, books }: LoadingBatch): Iterable<string> {
  const seen = new Set<string>();
  const want = (id: string): boolean => !loaded.accounts.has(id) && !seen.has(id) && seen.add(id) !== undefined;
  let ticks = 0;
  for (const { request } of records) {
    if (!request) continue;
    if (request.ask.type === 'tick' || request.ask.type === 'clock') ticks++;
    for (const id of accountsOf(request)) if (want(id)) yield id;
  }
  if (ticks === 0) return;
  for (const timer of books.timers.peek(records.at(-1)?.timeMs ?? 0, ticks * timersPerTick)) {
    const id = loaded.idByRef.get(timer.ref) ?? books.idOf(timer.ref);
    if (id === undefined) continue;
    if (want(id)) yield id;
    // A hold that expires is taken off the budgets above it.
    for (const ancestor of ancestorsOf(id)) if (want(ancestor)) yield ancestor;
  }
}

/** Accounts that are known by their number only: of holds, and of timers. */
function* neededRefs({ records, loaded, books }: LoadingBatch): Iterable<number> {
  const seen = new Set<number>();
  const want = (ref: number): boolean =>
    !loaded.idByRef.has(ref) && books.idOf(ref) === undefined && !seen.has(ref) && seen.add(ref) !== undefined;
  let ticks = 0;
  for (const { request } of records) {
    if (!request) continue;
    const { ask } = request;
    if (ask.type === 'tick' || ask.type === 'clock') ticks++;
    if ('hold' in ask && ask.hold.partition === books.partition && want(ask.hold.ref)) yield ask.hold.ref;
  }
  if (ticks === 0) return;
  for (const timer of books.timers.peek(records.at(-1)?.timeMs ?? 0, ticks * timersPerTick))
    if (want(timer.ref)) yield timer.ref;
}

/** Requests that name a hold or an entry get the account it belongs to. */
function nameAccounts({ records, loaded, books }: LoadingBatch): void {
  for (const read of records) {
    const { request } = read;
    if (!request) continue;
    const { ask } = request;
    let account: string | undefined;
    if ('hold' in ask && ask.hold.partition === books.partition)
      account = loaded.idByRef.get(ask.hold.ref) ?? books.idOf(ask.hold.ref);
    else if ('entry' in ask && ask.entry.partition === books.partition)
      account = loaded.targets.get(ask.entry.seq)?.account;
    if (account !== undefined && account !== request.account) read.request = { ...request, account };
  }
}

async function loadTargets(store: BookStore, { books, records, loaded }: LoadingBatch): Promise<void> {
  for (const { request } of records) {
    if (!request || !('entry' in request.ask)) continue;
    const { entry } = request.ask;
    if (loaded.targets.has(entry.seq) || entry.partition !== books.partition) continue;
    const [target] = await store.targets([entry]);
    if (target) loaded.targets.set(target.partitionSeq, target);
  }
}

/** What the requests to be withdrawn or corrected have booked; their accounts are named by now. */
async function loadRequestTargets(store: BookStore, { books, records, loaded }: LoadingBatch): Promise<void> {
  for (const { request } of records) {
    const identity = request && takenBack(request, loaded);
    if (!identity) continue;
    const key = identityOf({ account: identity.account, cause: identity });
    if (loaded.requestTargets.has(key)) continue;
    loaded.requestTargets.set(key, await store.requestTargets(books.partition, identity));
  }
}

/** The request that another one takes back, where it can have been booked before this batch. */
function takenBack({ account, ask }: Request, loaded: Loaded): Identity | null {
  if (ask.type === 'withdraw') return account === '' ? null : { account, source: ask.source, id: ask.id };
  const target = ask.type === 'correct' ? loaded.targets.get(ask.entry.seq) : undefined;
  return target?.ordinal === 0 ? { account: target.account, source: target.source, id: target.requestId } : null;
}

async function loadEndedHolds(store: BookStore, { books, records, loaded }: LoadingBatch): Promise<void> {
  const wanted = [];
  for (const { request } of records) {
    if (!request || !('hold' in request.ask) || request.ask.hold.partition !== books.partition) continue;
    const { hold } = request.ask;
    const account = loaded.accounts.get(request.account);
    if (!(account && holdNumbered(account.holds, hold.hold)) && !loaded.endedHolds.has(`${hold.ref}-${hold.hold}`))
      wanted.push(hold);
  }
  if (wanted.length === 0) return;
  const found = await store.endedHolds(wanted);
  for (const [index, hold] of wanted.entries()) {
    const view = found[index];
    if (view) loaded.endedHolds.set(`${hold.ref}-${hold.hold}`, view);
  }
}
