import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { INestMicroservice, Type } from '@nestjs/common';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { deadLetterTopic } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { migrate } from '@tollgate/persistence';
import type { FreshDatabase } from '@tollgate/testing';
import { describeWith, freshDatabase, waitFor, whyNot } from '@tollgate/testing';

import { openEmbeddedLog } from '../embedded/embedded-log.ts';
import { embeddedLogSchema } from '../embedded/migrations.sql.ts';
import type { EventLog, LogRecord } from '../event-log.ts';
import type { ConsumerFailure } from './consumer-runner.ts';
import { ConsumerRunner } from './consumer-runner.ts';
import { EventLogServer } from './event-log-server.ts';
import { RecordContext } from './record-context.ts';

const topic = 'charges';
const group = 'billing.charging';
const handled: string[] = [];
/** What the handler does with a value: throws or waits. */
let behaviour: (value: string) => Promise<void> = () => Promise.resolve();
let runner: ConsumerRunner;
const failures: ConsumerFailure[] = [];

@Controller()
class ChargesConsumer {
  @EventPattern<string>(topic)
  onCharge(@Payload() raw: string, @Ctx() ctx: RecordContext): Promise<void> {
    return runner.run(ctx, async () => {
      await behaviour(raw);
      handled.push(raw);
    });
  }
}

@Module({ controllers: [ChargesConsumer] })
class ChargesModule {}

@Controller()
class BareConsumer {
  @EventPattern<string>(topic)
  onCharge(@Payload() raw: string): void {
    if (raw === 'poison') throw new TypeError('bigint');
    handled.push(raw);
  }
}

@Module({ controllers: [BareConsumer] })
class BareModule {}

describeWith('postgres', await whyNot('postgres'), 'Consumers on Nest', () => {
  let database: FreshDatabase;
  let log: EventLog;
  let app: INestMicroservice | undefined;
  beforeAll(async () => {
    database = await freshDatabase({
      template: JSON.stringify(embeddedLogSchema),
      migrate: async (url) =>
        void (await migrate({ adminUrl: url, schemas: [embeddedLogSchema], rolePassword: () => 'log' })),
    });
    log = await openEmbeddedLog({ url: database.url });
    await log.createTopics([{ topic, partitions: 1, retention: 'forever' }]);
    runner = new ConsumerRunner({ log, group, onFailure: (failure) => failures.push(failure) });
  });
  afterAll(async () => {
    await log.close();
    await database.drop();
  });
  beforeEach(() => {
    handled.length = 0;
    failures.length = 0;
    behaviour = () => Promise.resolve();
  });
  afterEach(() => app?.close());

  const start = async (module: Type<unknown> = ChargesModule, topics = [topic]): Promise<void> => {
    const strategy = new EventLogServer({ log, group, topics });
    app = await NestFactory.createMicroservice(module, { strategy, logger: false });
    await app.listen();
  };
  const append = (...values: string[]): Promise<unknown> =>
    log.append(values.map((value) => ({ topic, partition: 0, key: 'k', value, headers: { trace: value } })));
  const deadLetters = async (): Promise<LogRecord[]> => {
    const letters: LogRecord[] = [];
    for await (const batch of log.read({ topic: deadLetterTopic(topic, group), partition: 0, from: 0 }))
      letters.push(...batch);
    return letters;
  };

  it('hands records over one by one, in order, and goes on from there after a restart', async () => {
    await start();
    await append('1', '2', '3');
    await waitFor('the records', () => handled.length === 3);
    await app?.close();
    await start();
    await append('4');

    await waitFor('the next record', () => handled.length === 4);
    expect(handled).toEqual(['1', '2', '3', '4']);
  });

  it('puts a poison record aside with its reason and goes on', async () => {
    behaviour = async (value) => {
      if (value.startsWith('bad')) throw new AppError('invalid', 'EVENT_MALFORMED', 'no such plan');
    };
    await start();
    await append('bad', 'good');

    await waitFor('the good record', () => handled.includes('good'));
    const letter = (await deadLetters()).at(-1);
    expect(letter).toMatchObject({
      key: 'k',
      value: 'bad',
      headers: {
        trace: 'bad',
        'dead-letter-code': 'EVENT_MALFORMED',
        'dead-letter-reason': 'no such plan',
        'dead-letter-topic': topic,
        'dead-letter-partition': '0',
      },
    });
    expect((await log.describe(topic)).partitions[0]?.end).toBe(Number(letter?.headers['dead-letter-offset']) + 2);
  });

  it('tries a bug three times, then puts the record aside and raises an alert', async () => {
    let tries = 0;
    behaviour = async (value) => {
      if (value === 'bug' && ++tries > 0) throw new TypeError('undefined');
    };
    await start();
    await append('bug', 'after');

    await waitFor('the next record', () => handled.includes('after'));
    expect(tries).toBe(3);
    expect(failures.map(({ then, alert }) => [then, alert])).toEqual([
      ['retry', false],
      ['retry', false],
      ['dead-lettered', true],
    ]);
  });

  it('waits for what is down, however often, and never puts the record aside', async () => {
    let tries = 0;
    behaviour = async () => {
      if (++tries <= 6) throw new AppError('unavailable', 'LEDGER_UNAVAILABLE', 'down');
    };
    const before = (await deadLetters()).length;
    await start();
    await append('patient');

    await waitFor('the record', () => handled.includes('patient'), 20_000);
    expect(await deadLetters()).toHaveLength(before);
  });

  it('acknowledges a refusal, which the handler has recorded', async () => {
    behaviour = async (value) => {
      if (value === 'refused') throw new AppError('refused', 'ALLOWANCE_EXHAUSTED', 'no');
    };
    const before = (await deadLetters()).length;
    await start();
    await append('refused', 'next');

    await waitFor('the next record', () => handled.includes('next'));
    expect(await deadLetters()).toHaveLength(before);
  });

  // Guarantee: shutting down is never blocked by a dependency that is down, and the record comes again.
  it('gives a waiting record back when it stops, and delivers it again', async () => {
    behaviour = () => Promise.reject(new AppError('unavailable', 'LEDGER_UNAVAILABLE', 'down'));
    await start();
    await append('kept');
    await waitFor('a failure', () => failures.length > 0);

    await app?.close();

    behaviour = () => Promise.resolve();
    await start();
    await waitFor('the record', () => handled.includes('kept'));
  });

  it('does not let a handler without a runner block its partition', async () => {
    await start(BareModule);
    await append('poison', 'fine');

    await waitFor('the next record', () => handled.includes('fine'));
    expect((await deadLetters()).at(-1)).toMatchObject({ value: 'poison' });
  });

  it('refuses to start when a subscribed topic has no handler', async () => {
    await expect(start(ChargesModule, [topic, 'nobody'])).rejects.toMatchObject({
      code: 'INVARIANT_BROKEN',
      message: expect.stringContaining('nobody'),
    });
    app = undefined;
  });
});
