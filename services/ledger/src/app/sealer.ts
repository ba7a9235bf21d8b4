import type { Clock } from '@tollgate/kernel';
import type { Entry } from '../domain/entry.ts';
import type { Hash } from '../domain/merkle.ts';
import { leafHash, merkleRoot } from '../domain/merkle.ts';
import type { Seal } from '../domain/seal.ts';
import { leafText, noSealHash, sealHash } from '../domain/seal.ts';

export type SealedEntry = { readonly entry: Entry; readonly commitmentHex: string | null };
export interface SealStore {
  last(partition: number): Promise<Seal | null>;
  covering(partition: number, seq: number): Promise<Seal | null>;
  /** Committed entries after a number, in order. */
  entries(partition: number, afterSeq: number, limit: number): Promise<readonly SealedEntry[]>;
  /** false: somebody else sealed from there first. */
  insert(seal: Seal): Promise<boolean>;
}

/** Entries of one seal at most: what one proof has to read. */
const sealEntriesMax = 4_096;

export type SealerPorts = { readonly store: SealStore; readonly hash: Hash; readonly clock: Clock; readonly unsealed?: UnsealedEntries; readonly lastSeals?: Map<number, Seal> };

/** Entries kept a partition between their commit and their seal; what is beyond is read from the books again. */
const unsealedMax = 20_000;

/** Just committed entries, so that sealing them needs no reading. A gap is nothing lost: the books have the rows. */
export class UnsealedEntries {
  readonly #byPartition = new Map<number, SealedEntry[]>();

  add(partition: number, entries: readonly SealedEntry[]): void {
    const kept = this.#byPartition.get(partition);
    const follows = kept?.at(-1)?.entry.partitionSeq === (entries[0]?.entry.partitionSeq ?? 0) - 1;
    if (kept && follows && kept.length + entries.length <= unsealedMax) kept.push(...entries);
    else this.#byPartition.set(partition, entries.length <= unsealedMax ? [...entries] : []);
  }

  /** The entries after a number, at most `limit`, and forgets those up to the last one; empty when they do not begin there. */
  take(partition: number, afterSeq: number, limit: number): readonly SealedEntry[] {
    const kept = this.#byPartition.get(partition) ?? [];
    const from = afterSeq + 1 - (kept[0]?.entry.partitionSeq ?? Infinity);
    if (from < 0 || from >= kept.length) return [];
    const taken = kept.slice(from, from + limit);
    this.#byPartition.set(partition, kept.slice(from + taken.length));
    return taken;
  }
}

/**
 * Seals what a partition has booked since its last seal (rule 28): committed rows only, without gaps. Answers the new
 * seals; repeating it is harmless.
 */
export async function sealPartition({ store, hash, clock, unsealed, lastSeals }: SealerPorts, partition: number): Promise<readonly Seal[]> {
  const made: Seal[] = [];
  let last = lastSeals?.get(partition) ?? (await store.last(partition));
  lastSeals?.delete(partition);
  for (let fromMemory = false; ;) {
    const afterSeq = last?.toSeq ?? 0;
    const fresh = unsealed?.take(partition, afterSeq, sealEntriesMax) ?? [];
    // What memory held was the newest: whatever is committed later brings its own call.
    const readOn = fresh.length === 0 && !fromMemory;
    const entries = readOn ? await store.entries(partition, afterSeq, sealEntriesMax) : fresh;
    fromMemory = fresh.length > 0;
    const [first] = entries;
    const newest = entries.at(-1);
    if (!first || !newest) {
      if (last) lastSeals?.set(partition, last);
      return made;
    }
    const seal = makeSeal({ hash, partition, last, entries, sealedMs: Math.max(clock.nowMs(), last?.sealedMs ?? 0) });
    if (!(await store.insert(seal))) {
      // Another instance sealed from there first: go on behind its seal.
      last = await store.last(partition);
      continue;
    }
    made.push(seal);
    last = seal;
  }
}

export function leavesOf(hash: Hash, partition: number, entries: readonly SealedEntry[]): readonly Buffer[] {
  return entries.map(({ entry, commitmentHex }) => leafHash(hash, leafText(partition, entry, commitmentHex)));
}

function makeSeal(of: {
  readonly hash: Hash; readonly partition: number; readonly last: Seal | null; readonly entries: readonly SealedEntry[]; readonly sealedMs: number;
}): Seal {
  const { hash, partition, last, entries, sealedMs } = of;
  const unchained = {
    partition, number: (last?.number ?? 0) + 1, fromSeq: entries[0]?.entry.partitionSeq ?? 0, toSeq: entries.at(-1)?.entry.partitionSeq ?? 0,
    root: merkleRoot(hash, leavesOf(hash, partition, entries)), previous: last?.sealHash ?? noSealHash, sealedMs,
  };
  return { ...unchained, sealHash: sealHash(hash, unchained) };
}

export type ChainProblem = { readonly partition: number; readonly seal: number | null; readonly problem: string };
export type ChainReport = { readonly partition: number; readonly seals: number; readonly entries: number; readonly unsealed: number; readonly problems: readonly ChainProblem[] };

/**
 * Recomputes a partition's seals from its entries: a changed, missing or inserted row, a missing or exchanged seal is
 * found and named. `seals` are all seals of the partition in order of their number.
 */
export async function verifyPartition(
  { store, hash }: Pick<SealerPorts, 'store' | 'hash'>, partition: number, seals: AsyncIterable<Seal>,
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
    const entries = (await store.entries(partition, seal.fromSeq - 1, size)).filter(({ entry }) => entry.partitionSeq <= seal.toSeq);
    if (entries.length !== size) note(`${size - entries.length} of its ${size} entries are missing`);
    else if (!merkleRoot(hash, leavesOf(hash, partition, entries)).equals(seal.root)) note(`an entry among ${seal.fromSeq} to ${seal.toSeq} was changed`);
    sealedEntries += entries.length;
    [previous, nextSeq] = [seal.sealHash, seal.toSeq + 1];
  }
  let unsealed = 0;
  for (let after = nextSeq - 1; ;) {
    const entries = await store.entries(partition, after, sealEntriesMax);
    const newest = entries.at(-1);
    if (!newest) break;
    if (newest.entry.partitionSeq - after !== entries.length) problems.push({ partition, seal: null, problem: `entries after ${after} have gaps` });
    unsealed += entries.length;
    after = newest.entry.partitionSeq;
  }
  return { partition, seals: count, entries: sealedEntries, unsealed, problems };
}
