import { AppError } from '@tollgate/kernel';

import { commitOf, writesSomething } from './commit-of.ts';
import type { BatchResult, ReadRecord, Verdict } from './decide-batch.ts';
import { decideBatch, identityOf } from './decide-batch.ts';
import type { LoadingBatch } from './load-batch.ts';
import { allIdentities, loadGroup, loadKnown, nothingLoaded } from './load-batch.ts';
import type { PartitionBooks } from './partition-books.ts';
import type { BookStore, PartitionCommit, StoredPosition } from './ports.ts';
import { CommitError } from './ports.ts';
import type { AnsweredRefusal } from './refusal-log.ts';

/** One partition's records of a group. */
export type Batch = { readonly books: PartitionBooks; readonly records: readonly ReadRecord[] };

/**
 * How one partition's batch ended. `lost`: another instance owns it. `doubt`: the books moved without us; claim again.
 */
export type BatchOutcome = {
  readonly batch: Batch;
  readonly result: 'booked' | 'lost' | 'doubt';
  readonly committed?: PartitionCommit;
};

export type BookingPorts = {
  readonly store: BookStore;
  readonly answer: (verdicts: readonly Verdict[]) => void;
  /** Refusals among the answers; absent: they are not kept. */
  readonly refused?: (refusals: readonly AnsweredRefusal[]) => void;
  readonly clockReached: (books: PartitionBooks, clocks: BatchResult['clocks']) => void;
  /** Waits before a failed commit is looked into again; rejects when the service stops. */
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
    const result = decideBatch(work.books, work.records, work.loaded);
    if (result.lookUp.length === 0) {
      work.result = result;
      const last = work.records.at(-1);
      work.commit =
        last && writesSomething(work.books, result, last.record.offset + 1) ? commitOf(work.books, result, last) : null;
      return;
    }
    // A request that would be refused is looked up before it is told so (rule 10); everything else keyed with it.
    work.books.timers.undo();
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

/** What is left to be booked after a commit that did not happen, or of which nobody knows. */
async function afterFailure(ports: BookingPorts, failure: Failure): Promise<Work[]> {
  const { error, works, outcomes, repeats, attempt } = failure;
  const reason = error.failure;
  if (reason.why === 'duplicate') {
    for (const work of works) {
      if (reason.partition !== null && work.books.partition !== reason.partition) continue;
      const times = (repeats.get(work.books.partition) ?? 0) + 1;
      repeats.set(work.books.partition, times);
      if (times > 3)
        throw new AppError(
          'bug',
          'INVARIANT_BROKEN',
          `partition ${work.books.partition}: a known request was decided as new`,
          {},
          error,
        );
      work.books.lookFirst = 100;
      await lookUpDecided(ports, work);
      redo(work);
    }
    return [...works];
  }
  if (reason.why === 'unstorable') {
    for (const work of works) outcomes.push(...(await bookAlone(ports, work, works.length > 1, reason.detail)));
    return [];
  }
  ports.warn('commit to be looked into', {
    why: reason.why,
    ...('detail' in reason ? { detail: reason.detail } : {}),
    partitions: works.map(({ books }) => books.partition),
  });
  if (reason.why === 'unknown' || attempt > 0) await ports.pause(attempt);
  const stored = await readUntilUp(ports, () => ports.store.positions(works.map(({ books }) => books.partition)));
  return works.filter((work) => !settledBy(ports, work, stored.get(work.books.partition), outcomes));
}

/** Looks up all that a batch decided: a request that names an entry of its own batch shows its account no sooner. */
async function lookUpDecided(ports: BookingPorts, { result, loaded, ...work }: Work): Promise<void> {
  const decided =
    result?.book.entries.map(({ account, source, requestId: id }) => identityOf({ account, cause: { source, id } })) ??
    [];
  for (const identity of decided) loaded.known.delete(identity);
  await readUntilUp(ports, () => loadKnown(ports.store, { ...work, loaded }, [...new Set(decided)]));
}

/** Whether the stored position says how a batch ended (rule 5); if it does not, the batch is still to be committed. */
function settledBy(
  ports: BookingPorts,
  work: Work,
  stored: StoredPosition | undefined,
  outcomes: BatchOutcome[],
): boolean {
  const { commit, books } = work;
  if (!stored || stored.epoch !== books.position.epoch) return outcomes.push(givenUp(work, 'lost')) > 0;
  if (stored.nextOffset === books.position.nextOffset) return false;
  if (commit && stored.nextOffset === commit.to.nextOffset) return outcomes.push(applied(ports, work)) > 0;
  return outcomes.push(givenUp(work, 'doubt')) > 0;
}

function givenUp(work: Work, result: 'lost' | 'doubt'): BatchOutcome {
  work.books.timers.undo();
  return { batch: work, result };
}

/** A value that PostgreSQL refuses: each partition alone, then by halving, until the one record is found (rule 13). */
async function bookAlone(
  ports: BookingPorts,
  work: Work,
  several: boolean,
  detail: string,
): Promise<readonly BatchOutcome[]> {
  redo(work);
  const { books, records } = work;
  if (several) return bookGroup(ports, [{ books, records }]);
  if (records.length > 1) {
    const half = records.length >>> 1;
    const [first] = await bookGroup(ports, [{ books, records: records.slice(0, half) }]);
    if (!first || first.result !== 'booked') return first ? [{ ...first, batch: work }] : [];
    return bookGroup(ports, [{ books, records: records.slice(half) }]);
  }
  const [record] = records;
  if (!record || record.request === null)
    throw new AppError('bug', 'INVARIANT_BROKEN', `a dead letter cannot be stored: ${detail}`);
  return bookGroup(ports, [{ books, records: [{ ...record, request: null, poison: `UNSTORABLE: ${detail}` }] }]);
}

function redo(work: Work): void {
  work.books.timers.undo();
  work.result = null;
  work.commit = null;
}

/** Makes a committed batch the partition's state, and answers. */
function applied(ports: BookingPorts, work: Work): BatchOutcome {
  const { books, result, commit, records } = work;
  const last = records.at(-1);
  if (!result || !last) throw new AppError('bug', 'INVARIANT_BROKEN', 'an undecided batch was committed');
  if (commit) {
    books.position = commit.to;
    for (const { name, text } of commit.names) books.keepName(text, name);
  }
  for (const account of result.book.changed()) if (account.seq > 0) books.keepAccount(account.id, account);
  for (const { identity, first } of result.recent) books.keepRecent(identity, first);
  books.catalog = result.book.catalog;
  books.timers.keep();
  if (books.lookFirst > 0) books.lookFirst--;
  books.decidedOffset = last.record.offset + 1;
  books.decidedTimeMs = last.timeMs;
  books.decidedTimer = result.swept ?? books.decidedTimer;
  if (result.verdicts.length > 0) ports.answer(result.verdicts);
  if (result.answeredRefusals.length > 0) ports.refused?.(result.answeredRefusals);
  if (result.clocks.length > 0) ports.clockReached(books, result.clocks);
  return { batch: work, result: 'booked', ...(commit ? { committed: commit } : {}) };
}

/** Reads wait for the database for as long as it takes: nothing is lost, the log keeps the records (design §5). */
async function readUntilUp<T>(ports: BookingPorts, read: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      // The server will never take such a question: waiting would stop the partition in silence, halting it raises the
      // alarm.
      if (isAboutData(error) || isDefect(error)) throw error;
      ports.warn('books cannot be read', { error: String(error) });
      await ports.pause(attempt);
    }
  }
}

const isDefect = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof RangeError || (error instanceof AppError && error.kind === 'bug');

/** SQLSTATE class 22: a value that no retry will make acceptable. */
const isAboutData = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^22[0-9A-Z]{3}$/.test(error.code);
