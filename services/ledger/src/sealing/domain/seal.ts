import type { Entry } from '../../domain/entry.ts';
import { isoTime } from '../../domain/iso-time.ts';
import type { Hash } from './merkle.ts';

/**
 * The bytes of an entry's leaf, as text: a JSON array of strings in a fixed order, so that anyone can write it down
 * again; times are milliseconds since 1970. It commits to the words beside the entry by their hash only (rule 29).
 */
export function leafText(partition: number, entry: Entry, commitmentHex: string | null): string {
  const { hash, periodStartMs, rate } = entry;
  return (
    `["tollgate.entry.v1","${partition}","${entry.partitionSeq}",${JSON.stringify(entry.account)},` +
    `"${entry.seq}","${entry.kind}",${JSON.stringify(entry.unit)},` +
    `"${entry.amount}","${entry.balanceAfter}","${entry.heldAfter}","${entry.usedAfter}","${entry.contra}",` +
    `"${entry.lot ?? ''}","${entry.lotLeft ?? ''}","${entry.hold ?? ''}",` +
    `${JSON.stringify(entry.source)},${JSON.stringify(entry.requestId)},"${entry.ordinal}","${hash ?? ''}",` +
    `"${periodStartMs ?? ''}","${entry.late ? 'late' : ''}",${rate ? JSON.stringify(JSON.stringify(rate)) : '""'},` +
    `"${entry.corrects ?? ''}","${entry.occurredMs}","${entry.recordedMs}","${entry.offset}","${commitmentHex ?? ''}"]`
  );
}

export type Seal = {
  readonly partition: number;
  readonly number: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly root: Buffer;
  readonly previous: Buffer;
  readonly sealHash: Buffer;
  readonly sealedMs: number;
};

/** The previous hash of a partition's first seal. */
export const noSealHash = Buffer.alloc(32);

/**
 * Chains a root to the seal before it: SHA-256 over a line of text and both hashes, so that no seal can be exchanged
 * alone.
 */
export function sealHash(hash: Hash, seal: Omit<Seal, 'sealHash'>): Buffer {
  const { partition, number, fromSeq, toSeq, sealedMs } = seal;
  const line = `tollgate.seal.v1 ${partition} ${number} ${fromSeq} ${toSeq} ${isoTime(sealedMs)}\n`;
  return hash(Buffer.concat([Buffer.from(line, 'utf8'), seal.root, seal.previous]));
}
