import type { ErasedDetails, EraseDetails } from '@tollgate/contracts';

import type { Hash } from '../sealing/domain/merkle.ts';
import { merkleRoot } from '../sealing/domain/merkle.ts';
import { sealHash } from '../sealing/domain/seal.ts';
import { leavesOf, type SealStore } from '../sealing/sealer.ts';

/** Words beside entries. The only change that the tables allow is erasing. */
export interface DetailsStore {
  /** Numbers of these accounts, and of those that the user owns or owned, by their ids. */
  accounts(query: { readonly ids: readonly string[]; readonly owner: string | null }): Promise<readonly DetailsOf[]>;
  /**
   * Erases words and salts beside an account's entries after a number; with `owner`, beside those only that were booked
   * while the account was that user's. Answers the entries, also those erased before, and how many were erased now.
   */
  erase(
    of: DetailsOf,
    page: { readonly afterSeq: number; readonly limit: number },
  ): Promise<{ readonly seqs: readonly number[]; readonly erased: number }>;
  /** Offset in the topic of the next record that a partition books. */
  nextOffset(partition: number): Promise<number>;
}
export type DetailsOf = {
  readonly partition: number;
  readonly ref: number;
  readonly id: string;
  readonly owner: string | null;
};

const pageMax = 1_000;

/**
 * Erases the words beside the entries of accounts, and their salts, without which a leaf does not reveal them (rule
 * 29). Entries and proofs stay valid: the seals over them are recomputed and compared. One page per call.
 */
export async function eraseDetails(
  ports: { readonly details: DetailsStore; readonly seals: SealStore; readonly hash: Hash },
  query: EraseDetails,
): Promise<ErasedDetails> {
  const found = (await ports.details.accounts({ ids: query.accounts, owner: query.owner ?? null })).toSorted(
    (a, b) => a.partition - b.partition || a.ref - b.ref,
  );
  const [from = 0, afterSeq = 0] = (query.after ?? '0-0').split('-').map(Number);
  const of = found[from];
  const accounts = found.map(({ id }) => id);
  if (of === undefined)
    return { accounts, erased: 0, seals: 0, problems: [], prune: await pruneOf(ports.details, found), next: null };
  const { seqs, erased } = await ports.details.erase(of, { afterSeq, limit: pageMax });
  const { seals, problems } = await verify(ports, of.partition, seqs);
  const last = seqs.at(-1);
  const next =
    last !== undefined && seqs.length === pageMax
      ? `${from}-${last}`
      : from + 1 < found.length
        ? `${from + 1}-0`
        : null;
  return { accounts, erased, seals, problems, prune: next === null ? await pruneOf(ports.details, found) : [], next };
}

/** The log below these offsets may still contain the erased words. Read after the last page. */
async function pruneOf(details: DetailsStore, found: readonly DetailsOf[]): Promise<ErasedDetails['prune']> {
  const partitions = [...new Set(found.map(({ partition }) => partition))];
  return Promise.all(
    partitions.map(async (partition) => ({ partition, before: String(await details.nextOffset(partition)) })),
  );
}

/** Every seal over these entries, recomputed from the rows as they are now. */
async function verify(
  { seals: store, hash }: { readonly seals: SealStore; readonly hash: Hash },
  partition: number,
  seqs: readonly number[],
): Promise<Pick<ErasedDetails, 'seals' | 'problems'>> {
  const problems: string[] = [];
  let [seals, sealedTo] = [0, 0];
  for (const seq of seqs) {
    if (seq <= sealedTo) continue;
    const seal = await store.covering(partition, seq);
    if (seal === null) break;
    const entries = await store.entries(partition, seal.fromSeq - 1, seal.toSeq - seal.fromSeq + 1);
    const root = merkleRoot(hash, leavesOf(hash, partition, entries));
    if (!root.equals(seal.root) || !sealHash(hash, seal).equals(seal.sealHash))
      problems.push(`seal ${seal.number} of partition ${partition} does not hold`);
    seals++;
    sealedTo = seal.toSeq;
  }
  return { seals, problems };
}
