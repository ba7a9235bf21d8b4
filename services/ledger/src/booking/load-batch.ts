import type { HoldView } from '@tollgate/contracts';
import { ancestorsOf } from '@tollgate/kernel';

import type { Account } from '../domain/account/account.ts';
import { holdNumbered } from '../domain/account/open-holds.ts';
import type { Request } from '../domain/request/request.ts';
import type { Target } from '../domain/target.ts';
import { identityIn, identityOf } from './identity.ts';
import type { PartitionState } from './partition-state.ts';
import type { BookStore, FirstAnswer, Identity } from './ports.ts';
import type { ReadRecord } from './read-records.ts';
import { timersPerTick } from './timer-queue.ts';

/** Timers kept in memory per partition; later ones are loaded when they are nearly due. */
const timersLoaded = 50_000;

/** What must be in memory before a batch can be decided without waiting. */
export type Loaded = {
  /** null: there is no such account. */
  readonly accounts: ReadonlyMap<string, Account | null>;
  readonly idByRef: ReadonlyMap<number, string>;
  /** First answers of identities that were looked up; null: not booked before. */
  readonly known: ReadonlyMap<string, FirstAnswer | null>;
  readonly endedHolds: ReadonlyMap<string, HoldView>;
  readonly targets: ReadonlyMap<number, Target>;
  readonly requestTargets: ReadonlyMap<string, readonly Target[]>;
};

type Loading = { [Name in keyof Loaded]: Loaded[Name] extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never };

/** One partition's part of a group while what it needs is loaded. */
export type LoadingBatch = {
  readonly state: PartitionState;
  readonly records: readonly ReadRecord[];
  readonly loaded: Loading;
};

export const nothingLoaded = (): Loading => ({
  accounts: new Map(),
  idByRef: new Map(),
  known: new Map(),
  endedHolds: new Map(),
  targets: new Map(),
  requestTargets: new Map(),
});

/**
 * Loads what the batches of a group need. One query loads all accounts; a second one those that requests name only
 * indirectly.
 */
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
    if (batch.state.lookFirst > 0) await loadKnown(store, batch, allIdentities(batch));
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
  const found = await store.firstAnswers(batch.state.partition, missing.map(identityIn));
  for (const [index, identity] of missing.entries()) batch.loaded.known.set(identity, found[index] ?? null);
}

async function loadTimers(store: BookStore, { state, records }: LoadingBatch): Promise<void> {
  const lastMs = records.at(-1)?.timeMs ?? 0;
  const ticks = records.filter(
    ({ request }) => request?.command.type === 'tick' || request?.command.type === 'clock',
  ).length;
  if (ticks === 0) return;
  const { timers, position } = state;
  while (timers.horizonMs !== Infinity && timers.horizonMs <= lastMs && timers.size <= ticks * timersPerTick) {
    const after = timers.peek(Infinity, Infinity).at(-1) ?? position.timer;
    const more = await store.timers(state.partition, after, timersLoaded);
    timers.load(more, more.length < timersLoaded ? Infinity : (more.at(-1)?.dueMs ?? Infinity));
  }
}

async function loadAccounts(store: BookStore, group: readonly LoadingBatch[]): Promise<void> {
  const byId: { partition: number; id: string }[] = [];
  const byRef: { partition: number; ref: number }[] = [];
  for (const batch of group) {
    const { state, loaded } = batch;
    for (const id of neededIds(batch)) {
      const cached = state.account(id);
      if (cached === undefined) byId.push({ partition: state.partition, id });
      else keep(loaded, id, cached);
    }
    for (const ref of neededRefs(batch)) byRef.push({ partition: state.partition, ref });
  }
  if (byId.length === 0 && byRef.length === 0) return;
  const found = await store.accounts({ byId, byRef });
  const byPartition = new Map(group.map((batch) => [batch.state.partition, batch]));
  for (const { partition, id } of byId) byPartition.get(partition)?.loaded.accounts.set(id, null);
  for (const { partition, account } of found) {
    const batch = byPartition.get(partition);
    if (!batch) continue;
    keep(batch.loaded, account.id, account);
    batch.state.keepAccount(account.id, account);
  }
  for (const { partition, id } of byId) {
    const batch = byPartition.get(partition);
    if (batch && batch.loaded.accounts.get(id) === null) batch.state.keepAccount(id, null);
  }
}

function keep(loaded: Loading, id: string, account: Account | null): void {
  loaded.accounts.set(id, account);
  if (account) loaded.idByRef.set(account.ref, id);
}

function* neededIds({ records, loaded, state }: LoadingBatch): Iterable<string> {
  const seen = new Set<string>();
  const want = (id: string): boolean => !loaded.accounts.has(id) && !seen.has(id) && seen.add(id) !== undefined;
  let ticks = 0;
  for (const { request } of records) {
    if (!request) continue;
    if (request.command.type === 'tick' || request.command.type === 'clock') ticks++;
    for (const id of accountsOf(request)) if (want(id)) yield id;
  }
  if (ticks === 0) return;
  for (const timer of state.timers.peek(records.at(-1)?.timeMs ?? 0, ticks * timersPerTick)) {
    const id = loaded.idByRef.get(timer.ref) ?? state.idOf(timer.ref);
    if (id === undefined) continue;
    if (want(id)) yield id;
    // A hold that expires is taken off the budgets above it.
    for (const ancestor of ancestorsOf(id)) if (want(ancestor)) yield ancestor;
  }
}

/** Accounts that are known by their number only: of holds, and of timers. */
function* neededRefs({ records, loaded, state }: LoadingBatch): Iterable<number> {
  const seen = new Set<number>();
  const want = (ref: number): boolean =>
    !loaded.idByRef.has(ref) && state.idOf(ref) === undefined && !seen.has(ref) && seen.add(ref) !== undefined;
  let ticks = 0;
  for (const { request } of records) {
    if (!request) continue;
    const { command } = request;
    if (command.type === 'tick' || command.type === 'clock') ticks++;
    if ('hold' in command && command.hold.partition === state.partition && want(command.hold.ref))
      yield command.hold.ref;
  }
  if (ticks === 0) return;
  for (const timer of state.timers.peek(records.at(-1)?.timeMs ?? 0, ticks * timersPerTick))
    if (want(timer.ref)) yield timer.ref;
}

/** Fills in the account of requests that name a hold or an entry only. */
function nameAccounts({ records, loaded, state }: LoadingBatch): void {
  for (const read of records) {
    const { request } = read;
    if (!request) continue;
    const { command } = request;
    let account: string | undefined;
    if ('hold' in command && command.hold.partition === state.partition)
      account = loaded.idByRef.get(command.hold.ref) ?? state.idOf(command.hold.ref);
    else if ('entry' in command && command.entry.partition === state.partition)
      account = loaded.targets.get(command.entry.seq)?.account;
    if (account !== undefined && account !== request.account) read.request = { ...request, account };
  }
}

async function loadTargets(store: BookStore, { state, records, loaded }: LoadingBatch): Promise<void> {
  for (const { request } of records) {
    if (!request || !('entry' in request.command)) continue;
    const { entry } = request.command;
    if (loaded.targets.has(entry.seq) || entry.partition !== state.partition) continue;
    const [target] = await store.targets([entry]);
    if (target) loaded.targets.set(target.partitionSeq, target);
  }
}

/** Loads what the requests that are withdrawn or corrected have booked. Their accounts must be filled in. */
async function loadRequestTargets(store: BookStore, { state, records, loaded }: LoadingBatch): Promise<void> {
  for (const { request } of records) {
    const identity = request && takenBack(request, loaded);
    if (!identity) continue;
    const key = identityOf({ account: identity.account, cause: identity });
    if (loaded.requestTargets.has(key)) continue;
    loaded.requestTargets.set(key, await store.requestTargets(state.partition, identity));
  }
}

/** The request that another one withdraws or corrects. */
function takenBack({ account, command }: Request, loaded: Loaded): Identity | null {
  if (command.type === 'withdraw') return account === '' ? null : { account, source: command.source, id: command.id };
  const target = command.type === 'correct' ? loaded.targets.get(command.entry.seq) : undefined;
  return target?.ordinal === 0 ? { account: target.account, source: target.source, id: target.requestId } : null;
}

async function loadEndedHolds(store: BookStore, { state, records, loaded }: LoadingBatch): Promise<void> {
  const wanted = [];
  for (const { request } of records) {
    if (!request || !('hold' in request.command) || request.command.hold.partition !== state.partition) continue;
    const { hold } = request.command;
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

/** Accounts that a request reads or writes: its own and every ancestor. */
function accountsOf(request: Request): readonly string[] {
  if (request.account === '') return [];
  return request.account.includes('/') ? [request.account, ...ancestorsOf(request.account)] : [request.account];
}
