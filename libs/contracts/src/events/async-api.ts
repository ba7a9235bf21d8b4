import { z } from 'zod';

import { deadLetterTopic, groups, topics } from '../topics.ts';
import { ChargeChanged } from './charge-changed.ts';
import { EntryBooked } from './entry-booked.ts';
import { PartitionSealed } from './partition-sealed.ts';
import { TierCrossed } from './tier-crossed.ts';

const atLeastOnce =
  'At least once. In order within a partition; a repeat carries the same partition and partition_seq, so a consumer ' +
  'keeps the last pair of each partition and ignores what is not after it.';
const byFamily = 'The first segment of the account id, so that an account and all below it are in one order.';

const published = [
  {
    topic: topics.ledgerEntries,
    message: 'EntryBooked',
    schema: EntryBooked,
    title: 'Every committed entry',
    retention: 'As the topic is configured; the ledger has all of them for ever.',
    key: byFamily,
  },
  {
    topic: topics.tierCrossings,
    message: 'TierCrossed',
    schema: TierCrossed,
    title: 'Tier blocks of metered accounts, which billing charges once each',
    retention: 'As the topic is configured; the ledger has all of them for ever.',
    key: byFamily,
  },
  {
    topic: topics.ledgerSeals,
    message: 'PartitionSealed',
    schema: PartitionSealed,
    title: 'Seals over the entries, to be kept where the operator of the database cannot write',
    retention: 'Compacted by nothing and kept as configured.',
    key: 'Empty: a seal is of a whole partition.',
  },
  {
    topic: topics.billingCharges,
    message: 'ChargeChanged',
    schema: ChargeChanged,
    title: 'What happens to charges and refunds',
    retention: 'As the topic is configured; billing has all of them for ever.',
    key: byFamily,
  },
] as const;

/** Published events as an AsyncAPI 3.0 document; the schemas are those that producers and consumers use. */
export function asyncApi(version: string): Readonly<Record<string, unknown>> {
  const deadLetters = deadLetterTopic(topics.usageEvents, groups.ledgerBooking);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tollgate events',
      version,
      description:
        'What Tollgate publishes to its log: Kafka topics, and streams of the embedded log where it runs without ' +
        `Kafka. ${topics.usageEvents} is the platform's own input: the platform's services alone write it, ` +
        `and records that cannot be read are published to ${deadLetters}.`,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(
      published.map(({ topic, message, title, retention }) => [
        topic,
        {
          address: topic,
          title,
          description: `${atLeastOnce} ${retention}`,
          messages: { [message]: { $ref: `#/components/messages/${message}` } },
        },
      ]),
    ),
    operations: Object.fromEntries(
      published.map(({ topic, message, title }) => [
        `publish${message}`,
        {
          action: 'send',
          title,
          channel: { $ref: `#/channels/${topic}` },
          messages: [{ $ref: `#/channels/${topic}/messages/${message}` }],
        },
      ]),
    ),
    components: {
      messages: Object.fromEntries(
        published.map(({ message, schema, key }) => [
          message,
          {
            name: message,
            contentType: 'application/json',
            payload: payloadOf(schema),
            bindings: { kafka: { key: { type: 'string', description: key } } },
          },
        ]),
      ),
    },
  };
}

/** AsyncAPI's own schema objects are draft 07 of JSON Schema. */
function payloadOf(schema: z.ZodType): unknown {
  const { $schema: _, ...payload } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return payload;
}
