import { z } from 'zod';

import { decimal, fromWire, type Place, place, time, toWire } from './envelope.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
/**
 * `ledger.seals.v1`: the entries of a stretch of a partition were sealed (rule 28). Kept outside, it shows a rewriting.
 */
export const PartitionSealed = z
  .object({
    ...place,
    type: z.literal('PartitionSealed'),
    number: decimal,
    from_seq: decimal,
    to_seq: decimal,
    root: hash,
    seal_hash: hash,
    sealed_at: time,
  })
  .meta({
    description:
      'Entries from_seq to to_seq of a partition were sealed: the root of their Merkle tree (RFC 6962), and the hash ' +
      'that chains it to the seal before. A copy kept elsewhere proves that nobody has rewritten the books since.',
  });
export type PartitionSealed = z.output<typeof PartitionSealed>;
export type Sealed = Omit<PartitionSealed, 'schemaVersion' | 'partition' | 'partition_seq' | 'type'>;

export const toWirePartitionSealed = (at: Place, seal: Sealed): string =>
  toWire(at, { type: 'PartitionSealed', ...seal });
export const fromWirePartitionSealed = (raw: unknown): PartitionSealed => fromWire(PartitionSealed, raw, 'seal');
