import { AppError } from '@tollgate/kernel';

import type { Answers } from './batch-answers.ts';
import { commitOf, writesSomething } from './commit-of.ts';
import type { BatchResult } from './decide-batch.ts';
import { decideBatch } from './decide-batch.ts';
import { identityOf } from './identity.ts';
import type { LoadingBatch } from './load-batch.ts';
import { allIdentities, loadGroup, loadKnown, nothingLoaded } from './load-batch.ts';
import type { PartitionState } from './partition-state.ts';
import type { BookStore, PartitionCommit, StoredPosition } from './ports.ts';
import { CommitError } from './ports.ts';
import type { ReadRecord } from './read-records.ts';
import type { AnsweredRefusal } from './refusal-log.ts';

/** One partition's records of a group. */
export type Batch = { readonly state: PartitionState; readonly records: readonly ReadRecord[] };

/**
 * How one partition's batch ended. `lost`: another instance owns the partition. `doubt`: the stored position moved
 * without this instance; claim again.
 */
export type BatchOutcome = {
  readonly batch: Batch;
  readonly result: 'booked' | 'lost' | 'doubt';
  readonly committed?: PartitionCommit;
};

export type BookingPorts = {
  readonly store: BookStore;
  readonly answer: (answers: Answers) => void;
  /** Refusals among the answers; absent: they are not kept. */
  readonly refused?: (refusals: readonly AnsweredRefusal[]) => void;
  readonly clockReached: (state: PartitionState, clocks: BatchResult['clocks']) => void;
  /** Waits before the next try; rejects when the service stops. */
  readonly pause: (attempt: number) => Promise<void>;
  readonly warn: (message: string, details: object) => void;
};

type Work = LoadingBatch & { result: BatchResult | null; commit: PartitionCommit | null };

/**
 * Books a group: the batches of several partitions, decided one after the other and committed in one transaction, each
 * fenced by its own epoch and position. All or nothing; safe to repeat: a known request gets its first answer. Every
 * answer waits for the commit (rule 10).
 */
export async function bookGroup(ports: BookingPorts, group: readonly Batch[]): Promise<readonly BatchOutcome[]> {
  let works: Work[] = group.map((batch) => ({ ...batch, loaded: nothingLoaded(), result: null, commit: null }));
  const outcomes: BatchOutcome[] = [];
  const repeats = new Map<number, number>();
  for (let attempt = 0; works.length > 0; attempt++) {
    const fresh = works.filter(({ result }) => !result);
    if (fresh.length > 0) {
      await readUntilUp(ports, () => loadGroup(ports.store, fresh));
      for (const work of fresh) await decideWork(ports, work);
    }
    const commits = works.flatMap(({ commit }) => commit ?? []);
    try {
      if (commits.length > 0) await ports.store.commit(commits);
    } catch (error) {
      if (!(error instanceof CommitError)) throw error;
      works = await afterFailure(ports, { error, works, outcomes, repeats, attempt });
      continue;
    }
    for (const work of works) outcomes.push(applied(ports, work));
    return outcomes;
  }
  return outcomes;
}

async function decideWork(ports: BookingPorts, work: Work): Promise<void> {
  for (;;) {
    const result = decideBatch(work.state, work.records, work.loaded);
    if (result.lookUp.length === 0) {
      work.result = result;
      const last = work.records.at(-1);
      work.commit =
        last && writesSomething(work.state, result, last.record.offset + 1) ? commitOf(work.state, result, last) : null;
      return;
    }
    // A request that would be refused is looked up first (rule 10), together with all others of the batch.
    work.state.timers.undo();
    const wanted = new Set([...result.lookUp, ...allIdentities(work)]);
    await readUntilUp(ports, () => loadKnown(ports.store, work, [...wanted]));
  }
}

type Failure = {
  readonly error: CommitError;
  readonly works: readonly Work[];
  readonly outcomes: BatchOutcome[];
  readonly repeats: Map<number, number>;
  readonly attempt: number;
};

/** Answers what is left to book after a commit that failed, or whose outcome is unknown. */
async function afterFailure(ports: BookingPorts, failure: Failure): Promise<Work[]> {
  const { error, works, outcomes, repeats, attempt } = failure;
  const reason = error.failure;
  if (reason.why === 'duplicate') {
    for (const work of works) {
      if (reason.partition !== null && work.state.partition !== reason.partition) continue;
      const times = (repeats.get(work.state.partition) ?? 0) + 1;
      repeats.set(work.state.partition, times);
      if (times > 3)
        throw new AppError(
          'bug',
          'INVARIANT_BROKEN',
          `partition ${work.state.partition}: a known request was decided as new`,
          {},
          error,
        );
      work.state.lookFirst = 100;
      await lookUpDecided(ports, work);
      redo(work);
    }
    return [...works];
  }
  if (reason.why === 'unstorable') {
    for (const work of works) outcomes.push(...(await bookAlone(ports, work, works.length > 1, reason.detail)));
    return [];
  }
  ports.warn('commit outcome unknown, checking stored positions', {
    why: reason.why,
    ...('detail' in reason ? { detail: reason.detail } : {}),
    partitions: works.map(({ state }) => state.partition),
  });
  if (reason.why === 'unknown' || attempt > 0) await ports.pause(attempt);
  const stored = await readUntilUp(ports, () => ports.store.positions(works.map(({ state }) => state.partition)));
  return works.filter((work) => !settledBy(ports, work, stored.get(work.state.partition), outcomes));
}

/**
 * Looks up everything that a batch decided: only then the account of a request is known that names an entry of its own
 * batch.
 */
async function lookUpDecided(ports: BookingPorts, { result, loaded, ...work }: Work): Promise<void> {
  const decided =
    result?.journal.entries.map(({ account, source, requestId: id }) =>
      identityOf({ account, cause: { source, id } }),
    ) ?? [];
  for (const identity of decided) loaded.known.delete(identity);
  await readUntilUp(ports, () => loadKnown(ports.store, { ...work, loaded }, [...new Set(decided)]));
}

/** Whether the stored position tells how a batch ended (rule 5); if not, the batch must be committed again. */
function settledBy(
  ports: BookingPorts,
  work: Work,
  stored: StoredPosition | undefined,
  outcomes: BatchOutcome[],
): boolean {
  const { commit, state } = work;
  if (!stored || stored.epoch !== state.position.epoch) return outcomes.push(givenUp(work, 'lost')) > 0;
  if (stored.nextOffset === state.position.nextOffset) return false;
  if (commit && stored.nextOffset === commit.to.nextOffset) return outcomes.push(applied(ports, work)) > 0;
  return outcomes.push(givenUp(work, 'doubt')) > 0;
}

function givenUp(work: Work, result: 'lost' | 'doubt'): BatchOutcome {
  work.state.timers.undo();
  return { batch: work, result };
}

/** Isolates a value that PostgreSQL refuses: each partition alone, then halves, until one record is left (rule 13). */
async function bookAlone(
  ports: BookingPorts,
  work: Work,
  several: boolean,
  detail: string,
): Promise<readonly BatchOutcome[]> {
  redo(work);
  const { state, records } = work;
  if (several) return bookGroup(ports, [{ state, records }]);
  if (records.length > 1) {
    const half = records.length >>> 1;
    const [first] = await bookGroup(ports, [{ state, records: records.slice(0, half) }]);
    if (!first || first.result !== 'booked') return first ? [{ ...first, batch: work }] : [];
    return bookGroup(ports, [{ state, records: records.slice(half) }]);
  }
  const [record] = records;
  if (!record || record.request === null)
    throw new AppError('bug', 'INVARIANT_BROKEN', `a dead letter cannot be stored: ${detail}`);
  return bookGroup(ports, [{ state, records: [{ ...record, request: null, poison: `UNSTORABLE: ${detail}` }] }]);
}

function redo(work: Work): void {
  work.state.timers.undo();
  work.result = null;
  work.commit = null;
}

/** Makes a committed batch the partition's state, and answers. */
function applied(ports: BookingPorts, work: Work): BatchOutcome {
  const { state, result, commit, records } = work;
  const last = records.at(-1);
  if (!result || !last) throw new AppError('bug', 'INVARIANT_BROKEN', 'an undecided batch was committed');
  if (commit) {
    state.position = commit.to;
    for (const { name, text } of commit.names) state.keepName(text, name);
  }
  for (const account of result.journal.changed()) if (account.seq > 0) state.keepAccount(account.id, account);
  for (const { identity, first } of result.recent) state.keepRecent(identity, first);
  state.catalog = result.journal.catalog;
  state.timers.keep();
  if (state.lookFirst > 0) state.lookFirst--;
  state.decidedOffset = last.record.offset + 1;
  state.decidedTimeMs = last.timeMs;
  state.decidedTimer = result.swept ?? state.decidedTimer;
  if (result.answers.size > 0) ports.answer(result.answers);
  if (result.answeredRefusals.length > 0) ports.refused?.(result.answeredRefusals);
  if (result.clocks.length > 0) ports.clockReached(state, result.clocks);
  return { batch: work, result: 'booked', ...(commit ? { committed: commit } : {}) };
}

/** Repeats a read until the database is up again; meanwhile the log keeps the records (design §5). */
async function readUntilUp<T>(ports: BookingPorts, read: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      // Such an error never goes away: retrying would block the partition silently, a halt raises an alarm.
      if (isAboutData(error) || isDefect(error)) throw error;
      ports.warn('books cannot be read', { error: String(error) });
      await ports.pause(attempt);
    }
  }
}

const isDefect = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof RangeError || (error instanceof AppError && error.kind === 'bug');

/** SQLSTATE class 22: an invalid value, which no retry makes valid. */
const isAboutData = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^22[0-9A-Z]{3}$/.test(error.code);
