import { topics } from '@tollgate/contracts';
import type { LogRecord } from '@tollgate/messaging';
import { createPool } from '@tollgate/persistence';
import type { Pool, PoolClient } from 'pg';

import { createRecentAnswers, createWholeAccountCache } from '../booking/partition-books.ts';
import type { ClaimedPartition, StoredPosition } from '../booking/ports.ts';
import { PostgresBookStore } from '../booking/postgres/postgres-book-store.ts';
import type { Account } from '../domain/account/account.ts';
import type { AccountRow } from '../postgres/account-row.ts';
import { fromRowAccount } from '../postgres/account-row.ts';
import { loadAccounts } from '../postgres/load-accounts.sql.ts';
import type { Seal } from '../sealing/domain/seal.ts';
import { fromRowSeal, PostgresSeals } from '../sealing/postgres/postgres-seals.ts';
import type { ChainReport } from '../sealing/sealer.ts';
import { verifyPartition } from '../sealing/sealer.ts';
import { sha256 } from '../sealing/sha256.ts';
import type { Drift } from './fold.ts';
import { differences, Folded } from './fold.ts';
import { blocksBetween } from './postgres/block-rows.ts';
import { changedDetails } from './postgres/changed-details.ts';
import {
  accountsInOrder,
  itemsBefore,
  knownEnd,
  namesOfPartition,
  sealsInOrder,
  strayBlocks,
} from './postgres/fold-books.sql.ts';
import { entriesWithRows } from './postgres/postgres-fold.ts';
import { comparePublished, type PublishedSeal, readPublishedSeal } from './published-seals.ts';
import type { Redecided } from './redecide.ts';
import { redecide } from './redecide.ts';

export type { ChainReport } from '../sealing/sealer.ts';
export type { Drift } from './fold.ts';

export type CheckOptions = {
  /** Of the role `tollgate_ledger`. */
  readonly databaseUrl: string;
  /** The kept part of the log of requests; absent: entries are folded and compared, the log is not decided again. */
  readonly readLog?: (
    partition: number,
    to: number,
  ) => Promise<{ readonly start: number; readonly batches: AsyncIterable<readonly LogRecord[]> }>;
  readonly progress?: (done: {
    readonly partition: number;
    readonly partitions: number;
    readonly entries: number;
    readonly records: number;
  }) => void;
};
export type CheckReport = {
  readonly partitions: number;
  readonly accounts: number;
  readonly entries: number;
  readonly records: number;
  readonly trialBalance: string;
  readonly drifts: readonly Drift[];
};

/**
 * Folds all entries into empty projections and compares them with the live ones, then decides the kept part of the log
 * once more and compares entry by entry. Reads one snapshot a partition, so it works while the platform runs.
 */
export async function checkBooks(options: CheckOptions): Promise<CheckReport> {
  const pool = createPool({ url: options.databaseUrl, max: 6, applicationName: 'tollgate-check' });
  try {
    const store = new PostgresBookStore(pool);
    const { rows } = await pool.query<{ partition: number }>(
      'select partition from ledger.positions order by partition',
    );
    const total = { accounts: 0, entries: 0, records: 0, trialBalance: 0n };
    const drifts: Drift[] = [];
    let done = 0;
    const checkOne = async (partition: number): Promise<void> => {
      const { folded, position } = await inSnapshot(pool, (client) => foldAndCompare(client, store, partition));
      drifts.push(...folded.drifts);
      total.accounts += folded.accounts.size;
      total.entries += folded.entries;
      total.trialBalance += folded.trialBalance;
      if (options.readLog) {
        const again = await decideAgain(pool, { partition, position, readLog: options.readLog });
        total.records += again.records;
        drifts.push(...again.drifts, ...(again.drifts.length === 0 ? stateDrifts(folded, again.accounts) : []));
      }
      options.progress?.({
        partition: ++done,
        partitions: rows.length,
        entries: total.entries,
        records: total.records,
      });
    };
    // Two at a time: one is read by the server while the other is folded here.
    const waiting = rows.map(({ partition }) => partition);
    const work = async (): Promise<void> => {
      for (let partition = waiting.shift(); partition !== undefined; partition = waiting.shift())
        await checkOne(partition);
    };
    await Promise.all([work(), work()]);
    return {
      partitions: rows.length,
      accounts: total.accounts,
      entries: total.entries,
      records: total.records,
      trialBalance: String(total.trialBalance),
      drifts,
    };
  } finally {
    await pool.end();
  }
}

/** What the log says of an account beyond its entries: terms, lots, holds and counters, whose rows no seal covers. */
function stateDrifts(
  { partition, accounts }: Folded,
  decided: (id: string) => Account | null | undefined,
): readonly Drift[] {
  return [...accounts.values()].flatMap((account) => {
    const own = decided(account.id);
    return own ? differences(own, account, 'the log says').map((what) => ({ partition, what })) : [];
  });
}

/** One snapshot: entries, projections and position belong together although the ledger goes on writing. */
async function inSnapshot<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    return await work(client);
  } finally {
    await client.query('rollback').catch(() => undefined);
    client.release();
  }
}

async function foldAndCompare(
  client: PoolClient,
  store: PostgresBookStore,
  partition: number,
): Promise<{ folded: Folded; position: StoredPosition | undefined }> {
  const folded = new Folded(partition);
  // The first query takes the snapshot; the position is read in it by the fold's own connection.
  const {
    rows: [row],
  } = await client.query<{ next_offset: bigint; last_seq: bigint }>(
    'select next_offset, last_seq from ledger.positions where partition = $1',
    [partition],
  );
  for await (const entries of entriesWithRows(client, partition)) for (const entry of entries) folded.add(entry);
  folded.finish();
  const { rows: strayed } = await client.query<{ of: string; partition_seq: bigint }>(strayBlocks, [partition]);
  for (const { of, partition_seq: seq } of strayed)
    folded.note(`${of} has a row of entry ${partition}-${seq}, which is not there or of another account`);
  if (row && Number(row.last_seq) !== folded.lastSeq)
    folded.note(`the position says ${row.last_seq} entries, there are ${folded.lastSeq}`);
  for (let after = 0; ;) {
    const { rows: refs } = await client.query<{ account: number }>(accountsInOrder, [partition, after, 1_000]);
    const last = refs.at(-1);
    if (!last) break;
    const { rows } = await client.query<AccountRow>(loadAccounts, [
      [],
      [],
      refs.map(() => partition),
      refs.map(({ account }) => account),
    ]);
    for (const loaded of rows.map(fromRowAccount)) {
      const own = folded.accounts.get(loaded.ref);
      for (const what of own ? differences(own, loaded) : [`${loaded.id} has no entries`]) folded.note(what);
    }
    after = last.account;
  }
  const position = (await store.positions([partition])).get(partition);
  return { folded, position: position && row ? { ...position, nextOffset: Number(row.next_offset) } : position };
}

async function decideAgain(
  pool: Pool,
  of: {
    readonly partition: number;
    readonly position: StoredPosition | undefined;
    readonly readLog: NonNullable<CheckOptions['readLog']>;
  },
): Promise<Redecided> {
  const { partition, position } = of;
  if (!position || position.nextOffset === 0) return { records: 0, drifts: [], accounts: () => undefined };
  const { logBase } = position;
  const kept = await of.readLog(partition, position.nextOffset - logBase);
  const log = { start: kept.start + logBase, batches: logBase === 0 ? kept.batches : shifted(kept.batches, logBase) };
  const start =
    log.start === 0
      ? new Folded(partition)
      : await inSnapshot(pool, (client) => foldBefore(client, partition, log.start));
  const claimed = await claimedAt(pool, { position, start, offset: log.start });
  const store = new PostgresBookStore(pool);
  const seals = new PostgresSeals(pool);
  return redecide({
    past: Object.assign(store, {
      asOf: (offset: number) => (store.asOfOffset = offset),
      entries: (number: number, afterSeq: number, limit: number) => seals.entries(number, afterSeq, limit),
      blocks: (number: number, range: { readonly afterSeq: number; readonly toSeq: number }) =>
        blocksBetween(pool, number, range),
    }),
    start,
    claimed,
    caches: { accounts: createWholeAccountCache(), recent: createRecentAnswers(1) },
    batches: log.batches,
    until: position.nextOffset,
    progress: () => undefined,
  });
}

async function* shifted(
  batches: AsyncIterable<readonly LogRecord[]>,
  by: number,
): AsyncGenerator<readonly LogRecord[]> {
  for await (const records of batches) yield records.map((record) => ({ ...record, offset: record.offset + by }));
}

async function foldBefore(client: PoolClient, partition: number, offset: number): Promise<Folded> {
  const start = new Folded(partition);
  for await (const entries of entriesWithRows(client, partition)) {
    for (const entry of entries) {
      if (entry.offset >= offset) return start;
      start.add(entry);
    }
  }
  return start;
}

/** The partition as it was before the first kept record (rule 30). */
async function claimedAt(
  pool: Pool,
  at: { readonly position: StoredPosition; readonly start: Folded; readonly offset: number },
): Promise<ClaimedPartition> {
  const { position, start, offset } = at;
  const names = await pool.query<{ name: number; text: string }>(namesOfPartition, [position.partition]);
  const items = await pool.query<{ item: ClaimedPartition['items'][number]['item']; booked_at: Date }>(itemsBefore, [
    position.partition,
    offset,
  ]);
  let [lastTimeMs, lastAccount] = [0, 0];
  for (const account of start.accounts.values()) {
    lastTimeMs = Math.max(lastTimeMs, account.lastRecordedMs);
    lastAccount = Math.max(lastAccount, account.ref);
  }
  return {
    position: {
      ...position,
      nextOffset: offset,
      lastTimeMs,
      lastRecord: null,
      lastSeq: start.lastSeq,
      lastAccount,
      lastName: 1_000_000,
      timer: { dueMs: -1, ref: 0, kind: 'hold', object: 0 },
    },
    names: new Map(names.rows.map(({ name, text }) => [text, name])),
    items: items.rows.map(({ item, booked_at: booked }) => ({ item, bookedMs: booked.getTime() })),
  };
}

/**
 * Recomputes every seal of every partition from the entries, and what they commit to from the words beside them.
 * `readSeals`: what the topic of seals holds of a partition, where it can be read.
 */
export async function verifyChain(options: {
  readonly databaseUrl: string;
  readonly readSeals?: (partition: number) => AsyncIterable<readonly LogRecord[]>;
  readonly progress?: (done: { readonly partition: number; readonly partitions: number }) => void;
}): Promise<readonly ChainReport[]> {
  const pool = createPool({ url: options.databaseUrl, max: 2, applicationName: 'tollgate-verify' });
  try {
    const { rows } = await pool.query<{ partition: number }>(
      'select partition from ledger.positions union select partition from ledger.seals order by partition',
    );
    const reports: ChainReport[] = [];
    for (const [index, { partition }] of rows.entries()) {
      const ports = { store: new PostgresSeals(pool), hash: sha256 };
      const published = options.readSeals === undefined ? [] : await publishedSeals(options.readSeals(partition));
      const {
        rows: [end],
      } = await pool.query<{ last_seq: bigint | null; through: bigint | null }>(knownEnd, [
        partition,
        topics.ledgerSeals,
      ]);
      const sealHashes = new Map<number, Buffer>();
      const report = await verifyPartition(ports, partition, noting(sealsOf(pool, partition), sealHashes), {
        lastSeq: Number(end?.last_seq ?? 0n),
        sealsPublished: Number(end?.through ?? 0n),
      });
      const problems = [...report.problems, ...(await comparePublished(ports, partition, { published, sealHashes }))];
      if (end?.last_seq == null) problems.push({ partition, seal: null, problem: 'its position is missing' });
      for await (const seq of changedDetails(pool, partition))
        problems.push({ partition, seal: null, problem: `the words beside entry ${partition}-${seq} were changed` });
      reports.push({ ...report, problems });
      options.progress?.({ partition: index + 1, partitions: rows.length });
    }
    return reports;
  } finally {
    await pool.end();
  }
}

async function publishedSeals(batches: AsyncIterable<readonly LogRecord[]>): Promise<readonly PublishedSeal[]> {
  const seals: PublishedSeal[] = [];
  for await (const records of batches)
    for (const { value } of records) seals.push(...[readPublishedSeal(value)].filter((seal) => seal !== null));
  return seals;
}

async function* noting(seals: AsyncIterable<Seal>, hashes: Map<number, Buffer>): AsyncGenerator<Seal> {
  for await (const seal of seals) {
    hashes.set(seal.number, seal.sealHash);
    yield seal;
  }
}

async function* sealsOf(pool: Pool, partition: number): AsyncGenerator<Seal> {
  for (let after = 0; ;) {
    const { rows } = await pool.query<Parameters<typeof fromRowSeal>[0]>(sealsInOrder, [partition, after, 1_000]);
    const last = rows.at(-1);
    if (!last) return;
    for (const row of rows) yield fromRowSeal(row);
    after = Number(last.number);
  }
}

/**
 * Tells a halted partition where in the log it goes on (rule 2): the operator answers for what lies between. The owner
 * is fenced and claims again. Answers the position before; null: there is no such partition.
 */
export async function realign(options: {
  readonly databaseUrl: string;
  readonly partition: number;
  readonly toOffset: number;
  readonly topicId: string;
}): Promise<{ readonly nextOffset: string; readonly topicId: string | null } | null> {
  const pool = createPool({ url: options.databaseUrl, max: 1, applicationName: 'tollgate-realign' });
  try {
    const {
      rows: [before],
    } = await pool.query<{ next_offset: bigint; topic_id: string | null }>(
      'select next_offset - log_base as next_offset, topic_id from ledger.positions where partition = $1',
      [options.partition],
    );
    if (!before) return null;
    await pool.query(
      'update ledger.positions set epoch = epoch + 1, next_offset = log_base + $2, topic_id = $3, last_record = ' +
        'null, halted = null where partition = $1',
      [options.partition, options.toOffset, options.topicId],
    );
    return { nextOffset: String(before.next_offset), topicId: before.topic_id };
  } finally {
    await pool.end();
  }
}
