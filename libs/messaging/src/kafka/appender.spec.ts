import { expect, it } from '@jest/globals';
import type { Kafka } from 'kafkajs';

import { KafkaAppender } from './appender.ts';

const never = new Promise<never>(() => undefined);
const works = {
  connect: () => Promise.resolve(),
  disconnect: () => Promise.resolve(),
  sendBatch: () => Promise.resolve([{ topicName: 't', partition: 0, baseOffset: '7' }]),
};
/** kafkajs whose first producer waits for ever where it is told to, as after some outages; later ones work. */
function kafkaOf(first: Partial<Record<keyof typeof works, () => Promise<unknown>>>): {
  readonly kafka: Kafka;
  readonly made: () => number;
} {
  let made = 0;
  return {
    made: () => made,
    kafka: { producer: () => (made++ === 0 ? { ...works, ...first } : works) } as unknown as Kafka,
  };
}

/** Appends as callers do, again and again, until the log takes it. */
async function untilAppended(appender: KafkaAppender): Promise<unknown> {
  for (;;) {
    const appended = await appender.append([{ topic: 't', partition: 0, key: '', value: 'x' }]).catch(() => null);
    if (appended !== null) return appended;
  }
}

// Guarantee: an answer that never comes costs seconds; without a bound the log takes nothing until the process is
// started again.
it.each([
  ['connecting', { connect: () => never }],
  ['sending', { sendBatch: () => never }],
  ['ending', { sendBatch: () => Promise.reject(new Error('lost')), disconnect: () => never }],
])(
  'throws a producer away that waits for ever in %s, and goes on with another',
  async (_name, first) => {
    const { kafka, made } = kafkaOf(first);
    const appender = new KafkaAppender(kafka, 1_500, () => undefined);
    expect(await untilAppended(appender)).toEqual([{ partition: 0, offset: 7 }]);
    expect(made()).toBe(2);
    await appender.close();
  },
  15_000,
);
