import { createPool } from '@tollgate/persistence';

import { PostgresBookStore } from '../booking/postgres/postgres-book-store.ts';
import type { Account } from '../domain/account/account.ts';
import type { Drift, Folded } from './fold.ts';
import { differences } from './fold.ts';
import { foldAndCompare } from './postgres/fold-and-compare.ts';
import { partitionsBooked } from './postgres/positions.sql.ts';
import type { ReadLog } from './postgres/redecide-partition.ts';
import { redecidePartition } from './postgres/redecide-partition.ts';
import { inSnapshot } from './postgres/snapshot.ts';

export type CheckOptions = {
  /** Of the role `tollgate_ledger`. */
  readonly databaseUrl: string;
  /** The kept part of the log of requests; absent: entries are folded and compared, the log is not decided again. */
  readonly readLog?: ReadLog;
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
    const { rows } = await pool.query<{ partition: number }>(partitionsBooked);
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
        const again = await redecidePartition(pool, { partition, position, readLog: options.readLog });
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
    // Two at a time: the server reads one while the other is folded here.
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
