import { PartitionSealed } from '@tollgate/contracts';

import type { Hash } from '../sealing/domain/merkle.ts';
import { merkleRoot } from '../sealing/domain/merkle.ts';
import type { Seal } from '../sealing/domain/seal.ts';
import { leavesOf, type SealStore } from '../sealing/sealer.ts';
import type { ChainProblem } from './verify-partition.ts';

/** A seal as published to `ledger.seals.v1`, outside of the tables, so that rewriting the tables is noticed. */
export type PublishedSeal = Pick<Seal, 'number' | 'fromSeq' | 'toSeq' | 'root' | 'sealHash'>;

/** null: no seal of this shape. */
export function readPublishedSeal(value: string): PublishedSeal | null {
  const { success, data: seal } = PartitionSealed.safeParse(JSON.parse(value));
  if (!success) return null;
  return {
    number: Number(seal.number),
    fromSeq: Number(seal.from_seq),
    toSeq: Number(seal.to_seq),
    root: Buffer.from(seal.root, 'hex'),
    sealHash: Buffer.from(seal.seal_hash, 'hex'),
  };
}

/**
 * Compares the published seals with the entries as they are. An attacker who removes the end of the books, or rewrites
 * them with a new chain, cannot change the topic. Seals from before a restore may end at other entries than those in
 * the table; they cover the same entries, so their roots are recomputed.
 */
export async function comparePublished(
  { store, hash }: { readonly store: Pick<SealStore, 'entries'>; readonly hash: Hash },
  partition: number,
  {
    published,
    sealHashes,
  }: { readonly published: Iterable<PublishedSeal>; readonly sealHashes: ReadonlyMap<number, Buffer> },
): Promise<readonly ChainProblem[]> {
  const problems: ChainProblem[] = [];
  for (const { number, fromSeq, toSeq, root, sealHash } of published) {
    if (sealHashes.get(number)?.equals(sealHash) === true) continue;
    const size = toSeq - fromSeq + 1;
    const entries = (await store.entries(partition, fromSeq - 1, size)).filter(
      ({ entry }) => entry.partitionSeq <= toSeq,
    );
    const what =
      entries.length !== size
        ? `${size - entries.length} of the entries ${fromSeq} to ${toSeq} are missing`
        : merkleRoot(hash, leavesOf(hash, partition, entries)).equals(root)
          ? null
          : `an entry among ${fromSeq} to ${toSeq} was changed`;
    if (what !== null) problems.push({ partition, seal: number, problem: `${what}, by the seal that was published` });
  }
  return problems;
}
