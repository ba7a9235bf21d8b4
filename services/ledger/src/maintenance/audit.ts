import type { AccountView, EntryView, Explanation, ProofView, UsagePeriodView } from '@tollgate/contracts';
import { AppError, canonicalJson, partitionOf, wallClock } from '@tollgate/kernel';
import { createPool } from '@tollgate/persistence';

import { isoTime } from '../domain/iso-time.ts';
import { entryView } from '../domain/views.ts';
import { explainEntry } from '../queries/explain.ts';
import { postgresReads } from '../queries/postgres/postgres-reads.ts';
import { makeQueries } from '../queries/queries.ts';
import type { Reads } from '../queries/reads.ts';
import type { Seal } from '../sealing/domain/seal.ts';
import { PostgresSeals } from '../sealing/postgres/postgres-seals.ts';
import { sha256 } from '../sealing/sha256.ts';
import type { EntryWithWords } from './postgres/audit-reads.ts';
import { PostgresAuditReads } from './postgres/audit-reads.ts';
import type { EntryProof, Prove } from './prove-entries.ts';
import { prover } from './prove-entries.ts';

/**
 * An entry with all that proves and explains it. `words`: what was said beside it, with the salt of its commitment;
 * null: nothing, or erased.
 */
export type AuditedEntry = {
  readonly entry: Omit<EntryView, 'details'>;
  readonly words: { readonly salt: string; readonly text: string } | null;
  readonly explanation: Explanation | null;
  readonly proof: EntryProof;
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

export async function withAudit<T>(databaseUrl: string, work: (audit: Audit) => Promise<T>): Promise<T> {
  const pool = createPool({ url: databaseUrl, max: 2, applicationName: 'tollgate-audit' });
  try {
    const books = new PostgresAuditReads(pool);
    const partitions = await books.partitions();
    if (partitions === undefined)
      throw new AppError('not_found', 'ACCOUNT_UNKNOWN', 'there are no books yet: start the platform once');
    return await work(
      auditOf({ books, reads: postgresReads(pool, partitions), seals: new PostgresSeals(pool), partitions }),
    );
  } finally {
    await pool.end();
  }
}

type AuditPorts = {
  readonly books: PostgresAuditReads;
  readonly reads: Reads;
  readonly seals: PostgresSeals;
  readonly partitions: number;
};

function auditOf({ books, reads, seals, partitions }: AuditPorts): Audit {
  const queries = readOnlyQueries(reads, seals, partitions);
  const auditedOf = async function* (
    partition: number,
    entries: AsyncGenerator<EntryWithWords>,
  ): AsyncGenerator<AuditedEntry> {
    const prove = prover(seals, partition);
    for await (const one of entries) yield await audited(reads, { partition, one, prove });
  };
  const place = (account: string): number => partitionOf(account, partitions);
  return {
    entry: async (account, seq) => {
      const partition = place(account);
      const one = await books.entry(partition, account, seq);
      return one ? audited(reads, { partition, one, prove: prover(seals, partition) }) : null;
    },
    account: (id, at) => queries.account({ id, ...(at === undefined ? {} : { at }) }),
    partitionOf: place,
    usage: (account, at) => queries.usage({ account, at }),
    entries: (of) => auditedOf(place(of.account), books.entries({ ...of, partition: place(of.account) })),
    later: (of) => auditedOf(place(of.account), books.later({ ...of, partition: place(of.account) })),
    seals: async function* (partition, from, to) {
      for await (const seal of seals.inOrder(partition, from - 1)) {
        if (seal.number > to) return;
        yield sealView(seal);
      }
    },
  };
}

function readOnlyQueries(reads: Reads, seals: PostgresSeals, partitions: number): ReturnType<typeof makeQueries> {
  const readOnly = (): never => {
    throw new AppError('bug', 'INVARIANT_BROKEN', 'an audit only reads');
  };
  return makeQueries({
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
}

async function audited(
  { catalog }: Reads,
  of: { readonly partition: number; readonly one: EntryWithWords; readonly prove: Prove },
): Promise<AuditedEntry> {
  const { partition, prove } = of;
  const { entry: booked, salt, content } = of.one;
  const { details: _, ...entry } = entryView(partition, booked);
  const explanation = booked.rate === null ? null : await explainEntry(catalog, partition, booked);
  return {
    entry,
    proof: await prove(booked.partitionSeq),
    words: salt === null || content === null ? null : { salt: salt.toString('hex'), text: canonicalJson(content) },
    explanation,
  };
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
