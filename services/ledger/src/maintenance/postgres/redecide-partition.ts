import type { LogRecord } from '@tollgate/messaging';
import type { Pool, PoolClient } from 'pg';

import { createRecentAnswers, createWholeAccountCache } from '../../booking/partition-state.ts';
import type { ClaimedPartition, StoredPosition } from '../../booking/ports.ts';
import { PostgresBookStore } from '../../booking/postgres/postgres-book-store.ts';
import { PostgresSeals } from '../../sealing/postgres/postgres-seals.ts';
import { Folded } from '../fold.ts';
import type { Redecided } from '../redecide.ts';
import { redecide } from '../redecide.ts';
import { blocksBetween } from './block-rows.ts';
import { itemsBefore, namesOfPartition } from './fold-books.sql.ts';
import { entriesWithRows } from './postgres-fold.ts';
import { inSnapshot } from './snapshot.ts';

/** The kept records of a partition up to an offset, by the offsets of the topic. */
export type ReadLog = (
  partition: number,
  to: number,
) => Promise<{ readonly start: number; readonly batches: AsyncIterable<readonly LogRecord[]> }>;

/** Decides the kept records of a partition up to its position once more, from the books as they were before them. */
export async function redecidePartition(
  pool: Pool,
  of: {
    readonly partition: number;
    readonly position: StoredPosition | undefined;
    readonly readLog: ReadLog;
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
