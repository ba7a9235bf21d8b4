import { topics } from '@tollgate/contracts';
import type { LogRecord } from '@tollgate/messaging';
import { createPool } from '@tollgate/persistence';
import type { Pool } from 'pg';

import type { Seal } from '../sealing/domain/seal.ts';
import { fromRowSeal, PostgresSeals } from '../sealing/postgres/postgres-seals.ts';
import { sealsInOrder } from '../sealing/postgres/seals.sql.ts';
import { sha256 } from '../sealing/sha256.ts';
import { changedDetails } from './postgres/changed-details.ts';
import { knownEnd } from './postgres/fold-books.sql.ts';
import { partitionsSealed } from './postgres/positions.sql.ts';
import { comparePublished, type PublishedSeal, readPublishedSeal } from './published-seals.ts';
import type { ChainReport } from './verify-partition.ts';
import { verifyPartition } from './verify-partition.ts';

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
    const { rows } = await pool.query<{ partition: number }>(partitionsSealed);
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
