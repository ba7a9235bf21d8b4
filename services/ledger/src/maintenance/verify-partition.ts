import { merkleRoot } from '../sealing/domain/merkle.ts';
import type { Seal } from '../sealing/domain/seal.ts';
import { noSealHash, sealHash } from '../sealing/domain/seal.ts';
import type { SealerPorts } from '../sealing/sealer.ts';
import { leavesOf, sealEntriesMax } from '../sealing/sealer.ts';

export type ChainProblem = { readonly partition: number; readonly seal: number | null; readonly problem: string };
export type ChainReport = {
  readonly partition: number;
  readonly seals: number;
  readonly entries: number;
  readonly unsealed: number;
  readonly problems: readonly ChainProblem[];
};

/** How far a partition must reach at least, by other tables than its entries and seals. Read before these. */
export type KnownEnd = {
  /** Number of its last entry, by its position. */
  readonly lastSeq: number;
  /** Number of the last seal that was published, by the publisher's own place. */
  readonly sealsPublished: number;
};

/**
 * Recomputes a partition's seals from its entries: a changed, missing or inserted row, a missing or exchanged seal, and
 * a removed end are found and named. `seals` are all seals of the partition in order of their number.
 */
export async function verifyPartition(
  { store, hash }: Pick<SealerPorts, 'store' | 'hash'>,
  partition: number,
  seals: AsyncIterable<Seal>,
  end: KnownEnd,
): Promise<ChainReport> {
  const problems: ChainProblem[] = [];
  let [count, sealedEntries, nextSeq] = [0, 0, 1];
  let previous: Uint8Array = noSealHash;
  for await (const seal of seals) {
    count++;
    const note = (problem: string): void => void problems.push({ partition, seal: seal.number, problem });
    if (seal.number !== count) note(`seal ${count} is missing`);
    if (seal.fromSeq !== nextSeq) note(`entries ${nextSeq} to ${seal.fromSeq - 1} are in no seal`);
    if (!seal.previous.equals(previous)) note('the seal does not follow the one before it');
    if (!sealHash(hash, seal).equals(seal.sealHash)) note('the seal was changed');
    const size = seal.toSeq - seal.fromSeq + 1;
    const entries = (await store.entries(partition, seal.fromSeq - 1, size)).filter(
      ({ entry }) => entry.partitionSeq <= seal.toSeq,
    );
    if (entries.length !== size) note(`${size - entries.length} of its ${size} entries are missing`);
    else if (!merkleRoot(hash, leavesOf(hash, partition, entries)).equals(seal.root))
      note(`an entry among ${seal.fromSeq} to ${seal.toSeq} was changed`);
    sealedEntries += entries.length;
    [previous, nextSeq] = [seal.sealHash, seal.toSeq + 1];
  }
  if (count < end.sealsPublished)
    problems.push({
      partition,
      seal: null,
      problem: `seals ${count + 1} to ${end.sealsPublished} were published and are missing`,
    });
  let unsealed = 0;
  let newestSeq = nextSeq - 1;
  for (let after = newestSeq; ;) {
    const entries = await store.entries(partition, after, sealEntriesMax);
    const newest = entries.at(-1);
    if (!newest) break;
    if (newest.entry.partitionSeq - after !== entries.length)
      problems.push({ partition, seal: null, problem: `entries after ${after} have gaps` });
    unsealed += entries.length;
    after = newest.entry.partitionSeq;
    newestSeq = after;
  }
  if (newestSeq < end.lastSeq)
    problems.push({
      partition,
      seal: null,
      problem: `entries ${newestSeq + 1} to ${end.lastSeq} are missing: the position says that they were booked`,
    });
  return { partition, seals: count, entries: sealedEntries, unsealed, problems };
}
