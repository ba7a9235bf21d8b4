import { setTimeout as delay } from 'node:timers/promises';

import type { AccountView, EntryView, Explanation, ProofView, UsagePeriodView } from '@tollgate/contracts';
import { AppError, canonicalJson, partitionOf, wallClock } from '@tollgate/kernel';
import { createPool } from '@tollgate/persistence';
import type { Pool } from 'pg';

import { isoTime } from '../domain/iso-time.ts';
import { entryView } from '../domain/views.ts';
import type { EntryRow } from '../postgres/entry-row.ts';
import { fromRowEntry } from '../postgres/entry-row.ts';
import { explainEntry } from '../queries/explain.ts';
import { postgresReads } from '../queries/postgres/postgres-reads.ts';
import { makeQueries } from '../queries/queries.ts';
import type { CatalogReads } from '../queries/reads.ts';
import { leafHash, merkleLevels, pathIn } from '../sealing/domain/merkle.ts';
import { leafText, type Seal } from '../sealing/domain/seal.ts';
import { fromRowSeal, PostgresSeals } from '../sealing/postgres/postgres-seals.ts';
import { sealsInOrder } from '../sealing/postgres/seals.sql.ts';
import { leavesOf, type SealedEntry } from '../sealing/sealer.ts';
import { sha256 } from '../sealing/sha256.ts';
import { auditEntries, auditLater, partitionsOfBooks } from './postgres/audit.sql.ts';

/**
 * An entry with all that proves and explains it. `words`: what was said beside it, with the salt of its commitment;
 * null: nothing, or erased.
 */
export type AuditedEntry = {
  readonly entry: Omit<EntryView, 'details'>;
  readonly words: { readonly salt: string; readonly text: string } | null;
  readonly explanation: Explanation | null;
  readonly proof: Omit<ProofView, 'seal'> & { readonly seal: string };
};
export type AuditedSeal = ProofView['seal'];
type Stretch = { readonly account: string; readonly from: string; readonly to: string };

/** What an auditor sees of one account, read from the tables. */
export type Audit = {
  /** `at`: as it was after the last entry recorded at or before this time. */
  account(id: string, at?: string): Promise<AccountView | null>;
  /** The partition in whose chain of seals the account's entries are. */
  partitionOf(account: string): number;
  /** The period of the account that holds a time, with what it used; null: it has none. */
  usage(account: string, at: string): Promise<UsagePeriodView | null>;
  /**
   * Entries booked in [from, to), in order. @throws AppError('conflict', NOT_SEALED_YET) when nobody seals the last of
   * them.
   */
  entries(of: Stretch): AsyncGenerator<AuditedEntry>;
  /** The entry of an account with this number; null: there is none. @throws as `entries` */
  entry(account: string, seq: number): Promise<AuditedEntry | null>;
  /**
   * Entries booked from `to` on that count in the period which starts at `from`, or correct what was booked between.
   */
  later(of: Stretch): AsyncGenerator<AuditedEntry>;
  /** All seals from one number to another, both inclusive. */
  seals(partition: number, from: number, to: number): AsyncGenerator<AuditedSeal>;
};

const pageSize = 1_000;
const sealWaitMs = 10_000;

export async function withAudit<T>(databaseUrl: string, work: (audit: Audit) => Promise<T>): Promise<T> {
  const pool = createPool({ url: databaseUrl, max: 2, applicationName: 'tollgate-audit' });
  try {
    const {
      rows: [placement],
    } = await pool.query<{ partitions: number }>(partitionsOfBooks);
    if (!placement)
      throw new AppError('not_found', 'ACCOUNT_UNKNOWN', 'there are no books yet: start the platform once');
    return await work(auditOf(pool, placement.partitions));
  } finally {
    await pool.end();
  }
}

function auditOf(pool: Pool, partitions: number): Audit {
  const reads = postgresReads(pool, partitions);
  const seals = new PostgresSeals(pool);
  const readOnly = (): never => {
    throw new AppError('bug', 'INVARIANT_BROKEN', 'an audit only reads');
  };
  const queries = makeQueries({
    reads,
    seals,
    hash: sha256,
    clock: wallClock,
    partitions,
    owned: () => null,
    views: () => [],
    append: readOnly,
    details: { accounts: readOnly, erase: readOnly, nextOffset: readOnly },
  });
  const stretch = (sql: string) =>
    async function* ({ account, from, to }: Stretch): AsyncGenerator<AuditedEntry> {
      const partition = partitionOf(account, partitions);
      const prove = prover(seals, partition);
      for (let after = 0; ;) {
        const { rows } = await pool.query<EntryRow & { salt: Buffer | null }>(sql, [
          partition,
          account,
          after,
          from,
          to,
          pageSize,
        ]);
        for (const row of rows) yield audited(reads.catalog, { partition, row, prove });
        if (rows.length < pageSize) return;
        after = Number(rows.at(-1)?.seq);
      }
    };
  const entry = async (account: string, seq: number): Promise<AuditedEntry | null> => {
    const partition = partitionOf(account, partitions);
    const {
      rows: [row],
    } = await pool.query<EntryRow & { salt: Buffer | null }>(auditEntries, [
      partition,
      account,
      seq - 1,
      '-infinity',
      'infinity',
      1,
    ]);
    return row && Number(row.seq) === seq
      ? audited(reads.catalog, { partition, row, prove: prover(seals, partition) })
      : null;
  };
  return {
    entry,
    account: (id, at) => queries.account({ id, ...(at === undefined ? {} : { at }) }),
    partitionOf: (account) => partitionOf(account, partitions),
    usage: (account, at) => queries.usage({ account, at }),
    entries: stretch(auditEntries),
    later: stretch(auditLater),
    seals: (partition, from, to) => sealsBetween(pool, { partition, from, to }),
  };
}

type Prove = (seq: number) => Promise<AuditedEntry['proof']>;

async function audited(
  catalog: CatalogReads,
  of: { readonly partition: number; readonly row: EntryRow & { readonly salt: Buffer | null }; readonly prove: Prove },
): Promise<AuditedEntry> {
  const { partition, row, prove } = of;
  const booked = fromRowEntry(row);
  const { details: _, ...entry } = entryView(partition, booked);
  const explanation = booked.rate === null ? null : await explainEntry(catalog, partition, booked);
  return {
    entry,
    proof: await prove(booked.partitionSeq),
    words:
      row.salt === null || row.content === null
        ? null
        : { salt: row.salt.toString('hex'), text: canonicalJson(row.content) },
    explanation,
  };
}

/** Proves entries in order; the tree of a seal is built once for all entries in it. */
function prover(store: PostgresSeals, partition: number): Prove {
  let tree: {
    readonly seal: Seal;
    readonly entries: readonly SealedEntry[];
    readonly levels: readonly (readonly Buffer[])[];
  } | null = null;
  return async (seq) => {
    if (tree === null || seq > tree.seal.toSeq) {
      const seal = await sealOver(store, partition, seq);
      const entries = await store.entries(partition, seal.fromSeq - 1, seal.toSeq - seal.fromSeq + 1);
      tree = { seal, entries, levels: merkleLevels(sha256, leavesOf(sha256, partition, entries)) };
    }
    const { seal, entries, levels } = tree;
    const index = seq - seal.fromSeq;
    const own = entries[index];
    if (own?.entry.partitionSeq !== seq)
      throw new AppError(
        'bug',
        'INVARIANT_BROKEN',
        `entry ${partition}-${seq} is missing from its seal: run verify-chain`,
      );
    const leaf = leafText(partition, own.entry, own.commitmentHex);
    return {
      entry: `${partition}-${seq}`,
      leaf,
      leaf_hash: leafHash(sha256, leaf).toString('hex'),
      leaf_index: index,
      tree_size: entries.length,
      path: pathIn(levels, index).map((node) => node.toString('hex')),
      seal: String(seal.number),
    };
  };
}

/** Waits for the seal of an entry: while a ledger runs, it comes within a second. */
async function sealOver(store: PostgresSeals, partition: number, seq: number): Promise<Seal> {
  for (const deadline = performance.now() + sealWaitMs; ; await delay(200)) {
    const seal = await store.covering(partition, seq);
    if (seal) return seal;
    if (performance.now() > deadline) {
      throw new AppError(
        'conflict',
        'NOT_SEALED_YET',
        `entry ${partition}-${seq} is not sealed yet: start the platform for a second, then try again`,
      );
    }
  }
}

async function* sealsBetween(
  pool: Pool,
  { partition, from, to }: { readonly partition: number; readonly from: number; readonly to: number },
): AsyncGenerator<AuditedSeal> {
  for (let after = from - 1; after < to;) {
    const { rows } = await pool.query<Parameters<typeof fromRowSeal>[0]>(sealsInOrder, [partition, after, pageSize]);
    if (rows.length === 0) return;
    for (const seal of rows.map(fromRowSeal)) if (seal.number <= to) yield sealView(seal);
    after = Number(rows.at(-1)?.number);
  }
}

const sealView = (seal: Seal): AuditedSeal => ({
  partition: seal.partition,
  number: String(seal.number),
  from_seq: String(seal.fromSeq),
  to_seq: String(seal.toSeq),
  root: seal.root.toString('hex'),
  previous: seal.previous.toString('hex'),
  seal_hash: seal.sealHash.toString('hex'),
  sealed_at: isoTime(seal.sealedMs),
});
