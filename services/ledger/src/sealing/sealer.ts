import type { Clock } from '@tollgate/kernel';

import type { Entry } from '../domain/entry.ts';
import type { Hash } from './domain/merkle.ts';
import { leafHash, merkleRoot } from './domain/merkle.ts';
import type { Seal } from './domain/seal.ts';
import { leafText, noSealHash, sealHash } from './domain/seal.ts';

export type SealedEntry = { readonly entry: Entry; readonly commitmentHex: string | null };
export interface SealStore {
  last(partition: number): Promise<Seal | null>;
  covering(partition: number, seq: number): Promise<Seal | null>;
  /** Committed entries after a number, in order. */
  entries(partition: number, afterSeq: number, limit: number): Promise<readonly SealedEntry[]>;
  /** Answers the partitions whose seal was inserted; in the others another instance sealed first. */
  insert(seals: readonly Seal[]): Promise<ReadonlySet<number>>;
}

/** Entries of one seal at most: what one proof has to read. */
export const sealEntriesMax = 4_096;

export type SealerPorts = {
  readonly store: SealStore;
  readonly hash: Hash;
  readonly clock: Clock;
  readonly unsealed: UnsealedEntries;
  /** The newest seal of each partition that this instance sealed last. */
  readonly lastSeals: Map<number, Seal>;
};

/** Upper bound on entries kept per partition between commit and seal; beyond it they are read from the books. */
const unsealedMax = 20_000;

/** Entries just committed, so that sealing need not read them. Gaps are allowed: the books have all rows. */
export class UnsealedEntries {
  readonly #byPartition = new Map<number, SealedEntry[]>();

  add(partition: number, entries: readonly SealedEntry[]): void {
    const kept = this.#byPartition.get(partition);
    const follows = kept?.at(-1)?.entry.partitionSeq === (entries[0]?.entry.partitionSeq ?? 0) - 1;
    if (kept && follows && kept.length + entries.length <= unsealedMax) kept.push(...entries);
    else this.#byPartition.set(partition, entries.length <= unsealedMax ? [...entries] : []);
  }

  /**
   * Takes the entries after a number, at most `limit`, and drops all up to the last one. Empty when the next entry is
   * not here.
   */
  take(partition: number, afterSeq: number, limit: number): readonly SealedEntry[] {
    const kept = this.#byPartition.get(partition) ?? [];
    const from = afterSeq + 1 - (kept[0]?.entry.partitionSeq ?? Infinity);
    if (from < 0 || from >= kept.length) return [];
    const taken = kept.slice(from, from + limit);
    this.#byPartition.set(partition, kept.slice(from + taken.length));
    return taken;
  }

  has(partition: number): boolean {
    return (this.#byPartition.get(partition)?.length ?? 0) > 0;
  }
}

/**
 * Seals what partitions have booked since their last seals (rule 28): committed rows only, without gaps, one statement
 * for all. Answers the new seals, and the partitions in which more is to be sealed. Repeating it is harmless.
 */
export async function sealPartitions(
  ports: SealerPorts,
  partitions: readonly number[],
): Promise<{ made: readonly Seal[]; more: readonly number[] }> {
  const { store, lastSeals } = ports;
  const seals: Seal[] = [];
  const more: number[] = [];
  for (const partition of partitions) {
    const { seal, full } = await nextSeal(ports, partition);
    if (seal) seals.push(seal);
    if (full) more.push(partition);
  }
  if (seals.length === 0) return { made: [], more };
  const inserted = await store.insert(seals);
  const made = seals.filter(({ partition }) => inserted.has(partition));
  for (const seal of made) lastSeals.set(seal.partition, seal);
  for (const { partition } of seals) {
    if (inserted.has(partition)) continue;
    // Another instance sealed first: go on after its seal.
    lastSeals.delete(partition);
    more.push(partition);
  }
  return { made, more };
}

async function nextSeal(ports: SealerPorts, partition: number): Promise<{ seal: Seal | null; full: boolean }> {
  const { store, hash, clock, unsealed, lastSeals } = ports;
  const last = lastSeals.get(partition) ?? (await store.last(partition));
  const afterSeq = last?.toSeq ?? 0;
  const fresh = unsealed.take(partition, afterSeq, sealEntriesMax);
  const entries = fresh.length > 0 ? fresh : await store.entries(partition, afterSeq, sealEntriesMax);
  if (entries.length === 0) return { seal: null, full: false };
  const seal = makeSeal({ hash, partition, last, entries, sealedMs: Math.max(clock.nowMs(), last?.sealedMs ?? 0) });
  return { seal, full: entries.length === sealEntriesMax || unsealed.has(partition) };
}

export function leavesOf(hash: Hash, partition: number, entries: readonly SealedEntry[]): readonly Buffer[] {
  return entries.map(({ entry, commitmentHex }) => leafHash(hash, leafText(partition, entry, commitmentHex)));
}

function makeSeal(of: {
  readonly hash: Hash;
  readonly partition: number;
  readonly last: Seal | null;
  readonly entries: readonly SealedEntry[];
  readonly sealedMs: number;
}): Seal {
  const { hash, partition, last, entries, sealedMs } = of;
  const unchained = {
    partition,
    number: (last?.number ?? 0) + 1,
    fromSeq: entries[0]?.entry.partitionSeq ?? 0,
    toSeq: entries.at(-1)?.entry.partitionSeq ?? 0,
    root: merkleRoot(hash, leavesOf(hash, partition, entries)),
    previous: last?.sealHash ?? noSealHash,
    sealedMs,
  };
  return { ...unchained, sealHash: sealHash(hash, unchained) };
}
