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
  setPublished(partition: number, topic: PublishedTopic, seq: number): Promise<void>;
}

const publishMax = 1_000;

/**
 * Publishes what a partition has booked since the last time: at least once, in order, each message carrying
 * (partition, partition_seq) to ignore repeats by (rule 25). After a crash it goes on from its position.
 */
export async function publishPartition(
  ports: { readonly store: OutboxStore; readonly append: (records: readonly OutgoingRecord[]) => Promise<unknown> },
  partition: number,
  topic: PublishedTopic,
): Promise<number> {
  let count = 0;
  let through = await ports.store.publishedThrough(partition, topic);
  for (;;) {
    const rows = await ports.store.after(partition, topic, through, publishMax);
    const last = rows.at(-1);
    if (!last) return count;
    await ports.append(rows.map(({ record }) => record));
    await ports.store.setPublished(partition, topic, last.seq);
    through = last.seq;
    count += rows.length;
  }
}
