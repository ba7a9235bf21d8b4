import type { HoldView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { Pool, PoolClient } from 'pg';

import type { Account } from '../../domain/account/account.ts';
import type { Entry, Timer } from '../../domain/entry.ts';
import { timerKinds } from '../../domain/entry.ts';
import type { EntryId, HoldId } from '../../domain/request/ids.ts';
import type { Target } from '../../domain/target.ts';
import { holdView } from '../../domain/views.ts';
import type { AccountRow } from '../../postgres/account-row.ts';
import { fromRowAccount } from '../../postgres/account-row.ts';
import type { EntryRow } from '../../postgres/entry-row.ts';
import { fromRowEntry } from '../../postgres/entry-row.ts';
import { loadAccounts } from '../../postgres/load-accounts.sql.ts';
import { firstAnswerOf } from '../first-answer.ts';
import type { BookStore, ClaimedPartition, FirstAnswer, Identity, PartitionCommit, StoredPosition } from '../ports.ts';
import { CommitError } from '../ports.ts';
import {
  claimPartition,
  endBlockers,
  readItems,
  readNames,
  readPositions,
  readTimers,
  setTopicId,
} from './claim-partition.sql.ts';
import { failureOf } from './commit-failure.ts';
import { advancePositions } from './commit-group.sql.ts';
import { runCopyQuery } from './copy-query.ts';
import { encodeCommit } from './encode-commit.ts';
import { endedHolds, firstAnswers, targetsByEntry, targetsByRequest } from './look-up.sql.ts';
import type { PositionRow } from './position-row.ts';
import { fromRowPosition, timerKind } from './position-row.ts';
import type { TargetRow } from './target-row.ts';
import { fromRowTarget } from './target-row.ts';

/** How long a claim waits for a lock before the back ends that block it are terminated (rule 6). */
const claimWaitMs = 1_000;

/**
 * The books on PostgreSQL. The pool's role may only insert and read. Look-ups by arrays are not prepared statements: a
 * plan cached while the tables were small is a hundred times as slow when they have grown.
 */
export class PostgresBookStore implements BookStore {
  readonly #pool: Pool;
  /** Only what was booked from records before this offset is found. Used to decide the log again. */
  asOfOffset = Number.MAX_SAFE_INTEGER;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async claim(partition: number): Promise<ClaimedPartition> {
    const row = await this.#claimRow(partition);
    const [names, items] = await Promise.all([
      this.#pool.query<{ name: number; text: string }>(readNames, [partition]),
      this.#pool.query<{ item: ClaimedPartition['items'][number]['item']; booked_at: Date }>(readItems, [partition]),
    ]);
    return {
      position: fromRowPosition(row),
      names: new Map(names.rows.map(({ name, text }) => [text, name])),
      items: items.rows.map(({ item, booked_at: booked }) => ({ item, bookedMs: booked.getTime() })),
    };
  }

  async setTopicId(partition: number, epoch: number, topicId: string): Promise<void> {
    await this.#pool.query(setTopicId, [partition, epoch, topicId]);
  }

  async positions(partitions: readonly number[]): Promise<ReadonlyMap<number, StoredPosition>> {
    const { rows } = await this.#pool.query<PositionRow>(readPositions, [partitions]);
    return new Map(rows.map((row) => [row.partition, fromRowPosition(row)]));
  }

  async timers(partition: number, after: Timer, limit: number): Promise<readonly Timer[]> {
    const values = [partition, after.dueMs, after.ref, timerKinds[after.kind], after.object, limit];
    const { rows } = await this.#pool.query<{ due_ms: bigint; account: number; kind: number; object: bigint }>({
      name: 'timers',
      text: readTimers,
      values,
    });
    return rows.map((row) => ({
      dueMs: Number(row.due_ms),
      ref: row.account,
      kind: timerKind(row.kind),
      object: Number(row.object),
    }));
  }

  async accounts(
    wanted: Parameters<BookStore['accounts']>[0],
  ): Promise<readonly { partition: number; account: Account }[]> {
    const { byId, byRef } = wanted;
    const values = [
      byId.map((one) => one.partition),
      byId.map((one) => one.id),
      byRef.map((one) => one.partition),
      byRef.map((one) => one.ref),
    ];
    const { rows } = await this.#pool.query<AccountRow>({ text: loadAccounts, values });
    return rows.map((row) => ({ partition: row.partition, account: fromRowAccount(row) }));
  }

  async firstAnswers(
    partition: number,
    identities: readonly Identity[],
  ): Promise<readonly (FirstAnswer | undefined)[]> {
    const values = [
      partition,
      identities.map(({ account }) => account),
      identities.map(({ source }) => source),
      identities.map(({ id }) => id),
      this.asOfOffset,
    ];
    type Row = EntryRow & {
      asked: bigint;
      hold_amount: bigint | null;
      hold_expires: Date | null;
      hold_outcome: string | null;
      hold_settled: bigint | null;
    };
    const { rows } = await this.#pool.query<Row>({ text: firstAnswers, values });
    const byAsked = new Map<number, { entries: Entry[]; hold: HoldView | undefined }>();
    for (const row of rows) {
      const entry = fromRowEntry(row);
      const hold =
        entry.hold !== null && row.hold_amount !== null && row.hold_expires
          ? holdView(
              partition,
              { ref: entry.ref, id: entry.account },
              {
                hold: entry.hold,
                amount: row.hold_amount,
                expiresMs: row.hold_expires.getTime(),
                status: row.hold_outcome as HoldView['status'],
                settled: row.hold_settled,
              },
            )
          : undefined;
      const found = byAsked.get(Number(row.asked));
      if (found) found.entries.push(entry);
      else byAsked.set(Number(row.asked), { entries: [entry], hold });
    }
    return identities.map((_, index) => {
      const found = byAsked.get(index + 1);
      return found && firstAnswerOf(partition, found.entries, found.hold);
    });
  }

  async endedHolds(ids: readonly HoldId[]): Promise<readonly (HoldView | undefined)[]> {
    const values = [
      ids.map(({ partition }) => partition),
      ids.map(({ ref }) => ref),
      ids.map(({ hold }) => hold),
      this.asOfOffset,
    ];
    type Row = {
      partition: number;
      account: number;
      hold: bigint;
      id: string;
      amount: bigint;
      expires_at: Date;
      outcome: string;
      settled: bigint | null;
    };
    const { rows } = await this.#pool.query<Row>({ text: endedHolds, values });
    const views = new Map(
      rows.map((row) => [
        `${row.partition}-${row.account}-${row.hold}`,
        holdView(
          row.partition,
          { ref: row.account, id: row.id },
          {
            hold: Number(row.hold),
            amount: row.amount,
            expiresMs: row.expires_at.getTime(),
            status: row.outcome as HoldView['status'],
            settled: row.settled,
          },
        ),
      ]),
    );
    return ids.map((id) => views.get(`${id.partition}-${id.ref}-${id.hold}`));
  }

  async targets(ids: readonly EntryId[]): Promise<readonly (Target | undefined)[]> {
    const values = [this.asOfOffset, ids.map(({ partition }) => partition), ids.map(({ seq }) => seq)];
    const { rows } = await this.#pool.query<TargetRow>({ text: targetsByEntry, values });
    const targets = new Map(rows.map((row) => [`${row.partition}-${row.partition_seq}`, fromRowTarget(row)]));
    return ids.map((id) => targets.get(`${id.partition}-${id.seq}`));
  }

  async requestTargets(partition: number, { account, source, id }: Identity): Promise<readonly Target[]> {
    const { rows } = await this.#pool.query<TargetRow>({
      text: targetsByRequest,
      values: [this.asOfOffset, partition, account, source, id],
    });
    return rows.map(fromRowTarget);
  }

  async commit(group: readonly PartitionCommit[]): Promise<void> {
    const { statements, copies } = encodeCommit(group);
    let client: PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw new CommitError({ why: 'unknown', detail: String(error) }, error);
    }
    let broken: Error | undefined;
    try {
      await runCopyQuery(client, advancePositions(group) + statements, copies);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.failure.why === 'unknown') broken = error instanceof Error ? error : new Error(String(error));
      throw failure;
    } finally {
      client.release(broken);
    }
  }

  /**
   * Updates the position row; when that waits longer than a second, the blocking back ends of our role are terminated.
   */
  async #claimRow(partition: number): Promise<PositionRow> {
    const client = await this.#pool.connect();
    try {
      const {
        rows: [session],
      } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const claiming = client.query<PositionRow>(claimPartition, [partition]);
      const unblock = setInterval(
        () => void this.#pool.query(endBlockers, [session?.pid]).catch(() => undefined),
        claimWaitMs,
      );
      const {
        rows: [row],
      } = await claiming.finally(() => clearInterval(unblock));
      if (!row) throw new AppError('bug', 'INVARIANT_BROKEN', `partition ${partition} has no position`);
      return row;
    } finally {
      client.release();
    }
  }
}
