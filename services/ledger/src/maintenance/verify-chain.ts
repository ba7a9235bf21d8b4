import type { LogRecord } from '@tollgate/messaging';
import { createPool } from '@tollgate/persistence';

import type { Seal } from '../sealing/domain/seal.ts';
import { PostgresSeals } from '../sealing/postgres/postgres-seals.ts';
import { sha256 } from '../sealing/sha256.ts';
import { knownEndOf, sealedPartitions } from './postgres/chain-reads.ts';
import { changedDetails } from './postgres/changed-details.ts';
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
    const partitions = await sealedPartitions(pool);
    const ports = { store: new PostgresSeals(pool), hash: sha256 };
    const reports: ChainReport[] = [];
    for (const [index, partition] of partitions.entries()) {
      const published = options.readSeals === undefined ? [] : await publishedSeals(options.readSeals(partition));
      const end = await knownEndOf(pool, partition);
      const sealHashes = new Map<number, Buffer>();
      const seals = noting(ports.store.inOrder(partition), sealHashes);
      const report = await verifyPartition(ports, partition, seals, end);
      const problems = [...report.problems, ...(await comparePublished(ports, partition, { published, sealHashes }))];
      if (!end.hasPosition) problems.push({ partition, seal: null, problem: 'its position is missing' });
      for await (const seq of changedDetails(pool, partition))
        problems.push({ partition, seal: null, problem: `the words beside entry ${partition}-${seq} were changed` });
      reports.push({ ...report, problems });
      options.progress?.({ partition: index + 1, partitions: partitions.length });
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
