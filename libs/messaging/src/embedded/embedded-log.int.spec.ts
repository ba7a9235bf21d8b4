import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { migrate } from '@tollgate/persistence';
import type { FreshDatabase } from '@tollgate/testing';
import { describeWith, fakeClock, freshDatabase, startPostgres, waitFor, whyNot } from '@tollgate/testing';

import type { LogUnderTest } from '../event-log.contract.ts';
import { eventLogContract } from '../event-log.contract.ts';
import type { EventLog, LogRecord } from '../event-log.ts';
import { openEmbeddedLog } from './embedded-log.ts';
import { embeddedLogSchema } from './migrations.sql.ts';

const rolePassword = (): string => 'log';
const asLogRole = (url: string): string => url.replace('postgres@', 'tollgate_log:log@');
const migrated = (url: string): Promise<unknown> =>
  migrate({ adminUrl: url, schemas: [embeddedLogSchema], rolePassword });

const missing = await whyNot('postgres');

describeWith('postgres', missing, 'The embedded log', () => {
  eventLogContract('embedded', async (): Promise<LogUnderTest> => {
    const server = await startPostgres();
    await migrated(server.url);
    return {
      open: () => openEmbeddedLog({ url: asLogRole(server.url) }),
      kill: () => server.kill(),
      restart: () => server.restart(),
      stop: () => server.stop(),
    };
  });

  let database: FreshDatabase;
  const opened: EventLog[] = [];
  const open = async (options: Partial<Parameters<typeof openEmbeddedLog>[0]> = {}): Promise<EventLog> => {
    const log = await openEmbeddedLog({ url: asLogRole(database.url), ...options });
    opened.push(log);
    return log;
  };
  const readAll = async (log: EventLog, topic: string): Promise<LogRecord[]> => {
    const records: LogRecord[] = [];
    for await (const batch of log.read({ topic, partition: 0, from: 0 })) records.push(...batch);
    return records;
  };
  beforeAll(async () => {
    const template = JSON.stringify(embeddedLogSchema);
    database = await freshDatabase({ template, migrate: async (url) => void (await migrated(url)) });
  });
  afterEach(async () => {
    for (const log of opened.splice(0)) await log.close();
  });
  afterAll(() => database.drop());

  it('is opened by one process only', async () => {
    await open();

    await expect(open()).rejects.toMatchObject({ kind: 'conflict', code: 'LOG_IN_USE' });
  });

  // Guarantee (rule 1): the ledger may take the log's time as it is.
  it('stamps with the platform clock and never goes back, over a restart and over a prune too', async () => {
    const clock = fakeClock(10_000);
    const first = await open({ clock });
    const topic = 'time';
    await first.createTopics([{ topic, partitions: 1, retention: 'forever' }]);
    await first.append([{ topic, partition: 0, key: '', value: 'a' }]);
    clock.set(5_000);
    await first.append([{ topic, partition: 0, key: '', value: 'b' }]);
    expect((await readAll(first, topic)).map(({ timeMs }) => timeMs)).toEqual([10_000, 10_000]);
    await first.prune({ topic, partition: 0, before: 2 });
    await first.close();
    opened.length = 0;

    const second = await open({ clock });
    await second.append([{ topic, partition: 0, key: '', value: 'c' }]);

    const records: LogRecord[] = [];
    for await (const batch of second.read({ topic, partition: 0, from: 2 })) records.push(...batch);
    expect(records.map(({ timeMs }) => timeMs)).toEqual([10_000]);
  });

  it('delivers from the table what is no longer in memory', async () => {
    const log = await open({ tailBytesMax: 2_000 });
    const topic = 'table';
    await log.createTopics([{ topic, partitions: 1, retention: 'forever' }]);
    for (let n = 0; n < 100; n++) await log.append([{ topic, partition: 0, key: '', value: String(n) }]);
    const seen: LogRecord[] = [];
    await log.subscribe({
      group: 'g',
      topics: [topic],
      batchMax: 30,
      handler: {
        assigned: () => Promise.resolve(0),
        revoked: () => Promise.resolve(),
        outOfRange: () => Promise.resolve(),
        records: (_where, records) => Promise.resolve(void seen.push(...records)),
      },
    });

    await waitFor('all records', () => seen.length === 100);
    expect(seen.map(({ offset, value }) => `${offset}${value}`)).toEqual(
      Array.from({ length: 100 }, (_, n) => `${n}${n}`),
    );
  });

  it('removes records past their retention, and keeps those that have none', async () => {
    const clock = fakeClock();
    const log = await open({ clock });
    await log.createTopics([
      { topic: 'short', partitions: 1, retention: { days: 1 } },
      { topic: 'long', partitions: 1, retention: 'forever' },
    ]);
    for (const topic of ['short', 'long']) await log.append([{ topic, partition: 0, key: '', value: '' }]);
    await log.close();
    opened.length = 0;
    clock.advance(86_400_001);

    const later = await open({ clock });

    expect((await later.describe('short')).partitions).toEqual([{ partition: 0, start: 1, end: 1 }]);
    expect((await later.describe('long')).partitions).toEqual([{ partition: 0, start: 0, end: 1 }]);
  });
});
