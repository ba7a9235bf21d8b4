import { deadLetterTopic, groups, topics } from '@tollgate/contracts';
import type { OutgoingRecord } from '@tollgate/messaging';

/** What a partition has booked and not yet published, in the order of `seq`. */
export type Unpublished = { readonly seq: number; readonly record: OutgoingRecord };

/** The topics a ledger publishes to; each keeps its own position a partition (design §3). */
export const published = {
  entries: topics.ledgerEntries,
  crossings: topics.tierCrossings,
  seals: topics.ledgerSeals,
  deadLetters: deadLetterTopic(topics.usageEvents, groups.ledgerBooking),
} as const;
export type PublishedTopic = (typeof published)[keyof typeof published];

export interface OutboxStore {
  /** How far a topic is published, for each partition; −1 where nothing was. */
  publishedThrough(partition: number, topic: PublishedTopic): Promise<number>;
  /** Rows after a number, whole numbers only (all crossings of one entry go together), at most about `limit`. */
  after(partition: number, topic: PublishedTopic, seq: number, limit: number): Promise<readonly Unpublished[]>;
  setPublished(
    topic: PublishedTopic,
    through: readonly { readonly partition: number; readonly seq: number }[],
  ): Promise<void>;
}

export type OutboxPorts = {
  readonly store: OutboxStore;
  readonly append: (records: readonly OutgoingRecord[]) => Promise<unknown>;
};

/**
 * Publishes rows that follow what was published last, for several partitions in one append, without reading them again.
 * `through`: the last row published of each partition, as far as this instance knows. Answers the partitions in which
 * rows between are missing: those are to be published from the books.
 */
export async function publishFollowing(
  { store, append, through }: OutboxPorts & { readonly through: Map<number, number> },
  topic: PublishedTopic,
  rows: readonly (Unpublished & { readonly partition: number })[],
): Promise<readonly number[]> {
  const following = rows.filter(({ partition, seq }) => through.get(partition) === seq - 1);
  const missing = rows.filter((row) => !following.includes(row)).map(({ partition }) => partition);
  if (following.length > 0) {
    await append(following.map(({ record }) => record));
    await store.setPublished(topic, following);
    for (const { partition, seq } of following) through.set(partition, seq);
  }
  return missing;
}

const publishMax = 1_000;

/**
 * Publishes what a partition has booked since the last time: at least once, in order, each message carrying (partition,
 * partition_seq) to ignore repeats by (rule 25). After a crash it goes on from its position. Answers how far the
 * partition is published then.
 */
export async function publishPartition(ports: OutboxPorts, partition: number, topic: PublishedTopic): Promise<number> {
  let through = await ports.store.publishedThrough(partition, topic);
  for (;;) {
    const rows = await ports.store.after(partition, topic, through, publishMax);
    const last = rows.at(-1);
    if (!last) return through;
    await ports.append(rows.map(({ record }) => record));
    await ports.store.setPublished(topic, [{ partition, seq: last.seq }]);
    through = last.seq;
  }
}
