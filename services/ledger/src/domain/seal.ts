import type { Entry } from './entry.ts';
import type { Hash } from './merkle.ts';
import { isoTime } from './views.ts';

/**
 * The bytes of an entry's leaf, as text: a JSON array of strings in a fixed order, so that anyone can write it down again.
 * It commits to the words beside the entry by their hash only (rule 29).
 */
export function leafText(partition: number, entry: Entry, commitmentHex: string | null): string {
  const optional = (value: number | bigint | null): string => (value === null ? '' : String(value));
  return JSON.stringify([
    'tollgate.entry.v1', String(partition), String(entry.partitionSeq), entry.account, String(entry.seq), entry.kind, entry.unit,
    String(entry.amount), String(entry.balanceAfter), String(entry.heldAfter), String(entry.usedAfter), entry.contra,
    optional(entry.lot), optional(entry.lotLeft), optional(entry.hold), entry.source, entry.requestId, String(entry.ordinal), entry.hash ?? '',
    entry.periodStartMs === null ? '' : isoTime(entry.periodStartMs), entry.late ? 'late' : '', entry.rate ? JSON.stringify(entry.rate) : '',
    optional(entry.corrects), isoTime(entry.occurredMs), isoTime(entry.recordedMs), String(entry.offset), commitmentHex ?? '',
  ]);
}

export type Seal = {
  readonly partition: number; readonly number: number; readonly fromSeq: number; readonly toSeq: number;
  readonly root: Buffer; readonly previous: Buffer; readonly sealHash: Buffer; readonly sealedMs: number;
};

/** What the first seal of a partition follows. */
export const noSealHash = Buffer.alloc(32);

/** Chains a root to the seal before it: SHA-256 over a line of text and both hashes, so that no seal can be exchanged alone. */
export function sealHash(hash: Hash, seal: Omit<Seal, 'sealHash'>): Buffer {
  const line = `tollgate.seal.v1 ${seal.partition} ${seal.number} ${seal.fromSeq} ${seal.toSeq} ${isoTime(seal.sealedMs)}\n`;
  return hash(Buffer.from(line, 'utf8'), seal.root, seal.previous);
}
