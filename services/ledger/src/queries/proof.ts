import type { ProofView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { isoTime } from '../domain/iso-time.ts';
import { leafHash, merklePath } from '../sealing/domain/merkle.ts';
import { leafText } from '../sealing/domain/seal.ts';
import { leavesOf } from '../sealing/sealer.ts';
import { entryOrNull } from './entries.ts';
import type { QueryPorts } from './ports.ts';

/** An entry's inclusion proof and its seal. */
export async function proofOf(ports: QueryPorts, text: string): Promise<ProofView | 'not_sealed' | null> {
  const found = await entryOrNull(ports, text);
  if (!found) return null;
  const { partition, seq } = found.id;
  const seal = await ports.seals.covering(partition, seq);
  if (!seal) return 'not_sealed';
  const size = seal.toSeq - seal.fromSeq + 1;
  const entries = await ports.seals.entries(partition, seal.fromSeq - 1, size);
  const leaves = leavesOf(ports.hash, partition, entries);
  const index = seq - seal.fromSeq;
  const own = entries[index];
  if (!own) throw new AppError('bug', 'INVARIANT_BROKEN', `entry ${text} is missing from its seal`);
  const leaf = leafText(partition, own.entry, own.commitmentHex);
  return {
    entry: text,
    leaf,
    leaf_hash: leafHash(ports.hash, leaf).toString('hex'),
    leaf_index: index,
    tree_size: size,
    path: merklePath(ports.hash, leaves, index).map((node) => node.toString('hex')),
    seal: {
      partition,
      number: String(seal.number),
      from_seq: String(seal.fromSeq),
      to_seq: String(seal.toSeq),
      root: seal.root.toString('hex'),
      previous: seal.previous.toString('hex'),
      seal_hash: seal.sealHash.toString('hex'),
      sealed_at: isoTime(seal.sealedMs),
    },
  };
}
