import { setTimeout as delay } from 'node:timers/promises';

import type { ProofView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { leafHash, merkleLevels, pathIn } from '../sealing/domain/merkle.ts';
import { leafText, type Seal } from '../sealing/domain/seal.ts';
import { leavesOf, type SealedEntry, type SealStore } from '../sealing/sealer.ts';
import { sha256 } from '../sealing/sha256.ts';

const sealWaitMs = 10_000;

/** An inclusion proof that names its seal by number. */
export type EntryProof = Omit<ProofView, 'seal'> & { readonly seal: string };
export type Prove = (seq: number) => Promise<EntryProof>;

/** Proves entries in order; the tree of a seal is built once for all entries in it. */
export function prover(store: SealStore, partition: number): Prove {
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
async function sealOver(store: SealStore, partition: number, seq: number): Promise<Seal> {
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
