import { deadLetterTopic, groups, partitionsDefault, topics } from '@tollgate/contracts';
import type { TopicSpec } from '@tollgate/messaging';

/**
 * The topics that are written today. The log of requests is kept for ever: the books can be decided from it again (rule
 * 3).
 */
export const topicSpecs: readonly TopicSpec[] = [
  { topic: topics.usageEvents, partitions: partitionsDefault, retention: 'forever' },
  { topic: topics.ledgerEntries, partitions: partitionsDefault, retention: { days: 7 } },
  { topic: topics.tierCrossings, partitions: partitionsDefault, retention: 'forever' },
  { topic: topics.billingCharges, partitions: partitionsDefault, retention: 'forever' },
  { topic: topics.ledgerSeals, partitions: partitionsDefault, retention: 'forever' },
  {
    topic: deadLetterTopic(topics.usageEvents, groups.ledgerBooking),
    partitions: partitionsDefault,
    retention: 'forever',
  },
];
