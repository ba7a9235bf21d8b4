import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AppError } from '@tollgate/kernel';
import { uniqueName, waitFor } from '@tollgate/testing';

import type {
  EventLog,
  LogRecord,
  OutgoingRecord,
  PartitionHandler,
  SubscribeOptions,
  TopicPartition,
} from './event-log.ts';

/** A log under test with its server, which can be taken away. */
export type LogUnderTest = {
  /** Opens the log on the server's data. */
  open(): Promise<EventLog>;
  /** SIGKILL of the server. */
  kill(): Promise<void>;
  /** The same server on the same data again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

/** What a handler saw, by partition. */
class Recorder implements PartitionHandler {
  readonly assignedNow = new Set<string>();
  readonly seen = new Map<string, LogRecord[]>();
  readonly outside: { readonly start: number; readonly end: number }[] = [];
  start: (where: TopicPartition) => number | 'committed' = () => 0;
  before: (where: TopicPartition, records: readonly LogRecord[]) => Promise<void> = () => Promise.resolve();

  assigned(where: TopicPartition): Promise<number | 'committed'> {
    this.assignedNow.add(nameOf(where));
    return Promise.resolve(this.start(where));
  }
  revoked(where: TopicPartition): Promise<void> {
    this.assignedNow.delete(nameOf(where));
    return Promise.resolve();
  }
  async records(where: TopicPartition, records: readonly LogRecord[]): Promise<void> {
    await this.before(where, records);
    this.seen.set(nameOf(where), [...(this.seen.get(nameOf(where)) ?? []), ...records]);
  }
  outOfRange(_where: TopicPartition, bounds: { readonly start: number; readonly end: number }): Promise<void> {
    this.outside.push(bounds);
    return Promise.resolve();
  }
  values(partition: number, topic: string): readonly string[] {
    return (this.seen.get(`${topic}/${partition}`) ?? []).map(({ value }) => value);
  }
}
const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
const numbers = (count: number, from = 0): readonly number[] =>
  Array.from({ length: count }, (_, index) => from + index);

/** The contract of the port, run against both adapters on real servers. */
export function eventLogContract(name: string, start: () => Promise<LogUnderTest>): void {
  describe(`${name} keeps the contract of the log`, () => {
    let server: LogUnderTest;
    let log: EventLog;
    let topic: string;
    beforeAll(async () => void (server = await start()), 120_000);
    afterAll(() => server.stop(), 60_000);
    beforeEach(async () => {
      log = await server.open();
      topic = uniqueName('t');
      await log.createTopics([{ topic, partitions: 4, retention: 'forever' }]);
    });
    afterEach(() => log.close(), 60_000);

    const record = (value: string, partition = 0): OutgoingRecord => ({ topic, partition, key: 'k', value });
    const all = async (partition = 0, from = 0, to?: number): Promise<LogRecord[]> => {
      const records: LogRecord[] = [];
      const range = { topic, partition, from, ...(to === undefined ? {} : { to }) };
      for await (const batch of log.read(range)) records.push(...batch);
      return records;
    };
    const subscribe = (
      handler: PartitionHandler,
      options: Partial<SubscribeOptions> = {},
    ): ReturnType<EventLog['subscribe']> =>
      log.subscribe({ group: uniqueName('g'), topics: [topic], handler, ...options });

    it('gives offsets without gaps from 0 in the order of the calls, in every partition', async () => {
      const answers = await Promise.all(numbers(300).map((n) => log.append([record(String(n), n % 3)])));

      expect(answers.map(([one]) => one)).toEqual(
        numbers(300).map((n) => ({ partition: n % 3, offset: Math.floor(n / 3) })),
      );
      for (const partition of [0, 1, 2]) {
        const records = await all(partition);
        expect(records.map(({ offset }) => offset)).toEqual(numbers(100));
        expect(records.map(({ value }) => value)).toEqual(numbers(100).map((n) => String(n * 3 + partition)));
      }
    });

    it('answers the position of each record of an append over several partitions', async () => {
      await log.append([record('first', 2)]);

      const appended = await log.append([record('a', 2), record('b', 1), record('c', 2)]);

      expect(appended).toEqual([
        { partition: 2, offset: 1 },
        { partition: 1, offset: 0 },
        { partition: 2, offset: 2 },
      ]);
    });

    it('takes 1,000 records in one append', async () => {
      const appended = await log.append(numbers(1_000).map((n) => record(`${n} ${'x'.repeat(200)}`, n % 4)));

      expect(appended).toHaveLength(1_000);
      expect((await all(3)).map(({ value }) => Number(value.split(' ')[0]))).toEqual(
        numbers(250).map((n) => n * 4 + 3),
      );
    });

    it('brings keys, values and headers back as they were, in memory and from storage', async () => {
      const given = {
        topic,
        partition: 0,
        key: 'ключ/é',
        value: '{"a":"💶 ä\u2028"}',
        headers: { 'reply-to': 'g|1|h:1|ü', waiter: '', 'b💶': '7' },
      };
      const seen = new Recorder();
      await subscribe(seen);
      await waitFor('the assignment', () => seen.assignedNow.size === 4);
      await log.append([record(''), given]);

      await waitFor('both records', () => seen.seen.get(`${topic}/0`)?.length === 2);
      for (const got of [seen.seen.get(`${topic}/0`) ?? [], await all()]) {
        expect(got[0]).toMatchObject({ offset: 0, key: 'k', value: '', headers: {} });
        expect(got[1]).toMatchObject({ offset: 1, key: given.key, value: given.value, headers: given.headers });
      }
    });

    it('stamps records with a time that never goes back', async () => {
      for (const n of numbers(20)) await log.append([record(String(n))]);

      const times = (await all()).map(({ timeMs }) => timeMs);

      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(Math.abs((times[0] ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    it('delivers in order without gaps while records are appended', async () => {
      const seen = new Recorder();
      await subscribe(seen, { batchMax: 7 });
      await Promise.all(numbers(400).map((n) => log.append([record(String(n), n % 4)])));

      for (const partition of numbers(4)) {
        await waitFor(`partition ${partition}`, () => seen.values(partition, topic).length >= 100);
        expect(seen.values(partition, topic)).toEqual(numbers(100).map((n) => String(n * 4 + partition)));
      }
    });

    it('starts where the handler says and reads only the range asked for', async () => {
      await log.append(numbers(10).map((n) => record(String(n))));
      const seen = new Recorder();
      seen.start = () => 7;

      await subscribe(seen);
      seen.start = () => 0;

      await waitFor('the records', () => seen.values(0, topic).length >= 3);
      expect(seen.values(0, topic)).toEqual(['7', '8', '9']);
      expect((await all(0, 3, 6)).map(({ value }) => value)).toEqual(['3', '4', '5']);
    });

    it('goes on from the committed offset of the group', async () => {
      await log.append(numbers(6).map((n) => record(String(n))));
      const group = uniqueName('g');
      const first = new Recorder();
      first.start = () => 'committed';
      const subscription = await subscribe(first, { group });
      await waitFor('the records', () => first.values(0, topic).length === 6);
      await subscription.commit({ topic, partition: 0 }, 4);
      await subscription.stop();
      const second = new Recorder();
      second.start = () => 'committed';

      await subscribe(second, { group });

      await waitFor('the rest', () => second.values(0, topic).length >= 2);
      expect(second.values(0, topic)).toEqual(['4', '5']);
    });

    it('shares partitions in a group and hands those over that a leaving member had', async () => {
      const group = uniqueName('g');
      const [one, two] = [new Recorder(), new Recorder()];
      const positions = new Map<number, number>();
      for (const recorder of [one, two]) {
        recorder.start = ({ partition }) => positions.get(partition) ?? 0;
        recorder.before = async ({ partition }, records) =>
          void positions.set(partition, (records.at(-1)?.offset ?? 0) + 1);
      }
      await subscribe(one, { group });
      await waitFor('all partitions', () => one.assignedNow.size === 4);
      const leaving = await subscribe(two, { group });
      await waitFor('an even share', () => one.assignedNow.size === 2 && two.assignedNow.size === 2, 20_000);
      await log.append(numbers(40).map((n) => record(String(n), n % 4)));
      await waitFor('all records', () =>
        numbers(4).every((n) => one.values(n, topic).length + two.values(n, topic).length >= 10),
      );

      await leaving.stop();

      expect(two.assignedNow.size).toBe(0);
      await waitFor('the handover', () => one.assignedNow.size === 4, 20_000);
      await log.append(numbers(4).map((n) => record('late', n)));
      await waitFor('the late records', () => numbers(4).every((n) => one.values(n, topic).includes('late')));
      for (const n of numbers(4)) {
        expect([...two.values(n, topic), ...one.values(n, topic)]).toHaveLength(11);
      }
    });

    it('delivers from where it is sought', async () => {
      await log.append(numbers(5).map((n) => record(String(n))));
      const seen = new Recorder();
      const subscription = await subscribe(seen);
      await waitFor('the records', () => seen.values(0, topic).length === 5);

      subscription.seek({ topic, partition: 0 }, 3);

      await waitFor('the repetition', () => seen.values(0, topic).length >= 7);
      expect(seen.values(0, topic).slice(5)).toEqual(['3', '4']);
    });

    it('delivers the same records again after a rejection, and nothing else in between', async () => {
      const tries: string[][] = [];
      const seen = new Recorder();
      seen.before = async ({ partition }, records) => {
        if (partition !== 0) return;
        tries.push(records.map(({ value }) => value));
        // Errors after which the raw client never fetches again.
        if (tries.length <= 3) throw new TypeError('cannot read properties of undefined');
      };
      await subscribe(seen);
      await log.append([record('a'), record('b')]);

      await waitFor('the records', () => seen.values(0, topic).length === 2);
      expect(tries).toEqual([
        ['a', 'b'],
        ['a', 'b'],
        ['a', 'b'],
        ['a', 'b'],
      ]);
      await log.append([record('c')]);
      await waitFor('the next record', () => seen.values(0, topic).length === 3);
    });

    it('waits for the handler before handing over more of a partition, and serves the others meanwhile', async () => {
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      let calls = 0;
      const seen = new Recorder();
      seen.before = async ({ partition }) => {
        if (partition !== 0) return;
        calls++;
        await gate;
      };
      await subscribe(seen, { batchMax: 2 });
      await log.append(numbers(50).map((n) => record(String(n))));
      await waitFor('the first batch', () => calls === 1);
      await log.append([record('other', 1)]);
      await waitFor('the other partition', () => seen.values(1, topic).length === 1);

      expect(calls).toBe(1);
      release();
      await waitFor('all records', () => seen.values(0, topic).length === 50);
      expect(seen.values(0, topic)).toEqual(numbers(50).map(String));
    });

    // Guarantee (rule 2): a log that lost its end, or its start, is noticed and never skipped.
    it('reports a start outside the log instead of jumping, and delivers after a seek', async () => {
      await log.append(numbers(5).map((n) => record(String(n))));
      const seen = new Recorder();
      seen.start = ({ partition }) => (partition === 0 ? 9 : 0);

      const subscription = await subscribe(seen);

      await waitFor('the report', () => seen.outside.length > 0);
      expect(seen.outside).toEqual([{ start: 0, end: 5 }]);
      await log.append([record('5')]);
      subscription.seek({ topic, partition: 0 }, 4);
      await waitFor('the records', () => seen.values(0, topic).length >= 2);
      expect(seen.values(0, topic)).toEqual(['4', '5']);
    });

    it('prunes below an offset, keeps the end, and reports readers that come too late', async () => {
      for (const n of numbers(6)) await log.append([record(String(n))]);

      await log.prune({ topic, partition: 0, before: 4 });

      expect((await log.describe(topic)).partitions[0]).toEqual({ partition: 0, start: 4, end: 6 });
      const seen = new Recorder();
      seen.start = ({ partition }) => (partition === 0 ? 2 : 0);
      const subscription = await subscribe(seen);
      await waitFor('the report', () => seen.outside.length > 0);
      expect(seen.outside).toEqual([{ start: 4, end: 6 }]);
      subscription.seek({ topic, partition: 0 }, 4);
      await waitFor('the records', () => seen.values(0, topic).length >= 2);
      expect(seen.values(0, topic)).toEqual(['4', '5']);
      await log.prune({ topic, partition: 0, before: 6 });
      expect(await log.append([record('6')])).toEqual([{ partition: 0, offset: 6 }]);
    });

    it('describes topics, leaves those that exist as they are, and refuses unknown ones', async () => {
      const before = await log.describe(topic);
      await log.createTopics([{ topic, partitions: 9, retention: { days: 1 } }]);

      expect(await log.describe(topic)).toEqual(before);
      expect(before.partitions).toEqual(numbers(4).map((partition) => ({ partition, start: 0, end: 0 })));
      expect(before.topicId).not.toBe('');
      await expect(log.describe(uniqueName('unknown'))).rejects.toMatchObject({ code: 'LOG_OUT_OF_RANGE' });
    });

    it('tells whether an append would succeed', async () => {
      await expect(log.check()).resolves.toBeUndefined();
    });

    // Guarantee: what was answered survives kill -9 of the server, and an outage leaves neither gaps nor repetitions.
    it('keeps what it acknowledged when the server is killed, refuses meanwhile, and goes on afterwards', async () => {
      const seen = new Recorder();
      // As every handler with a position of its own: it may be assigned the partition anew after the outage.
      seen.start = (where) => (seen.seen.get(nameOf(where))?.at(-1)?.offset ?? -1) + 1;
      const subscription = await subscribe(seen);
      await waitFor('the assignment', () => seen.assignedNow.size === 4);
      const acknowledged: string[] = [];
      const refused: unknown[] = [];
      let running = true;
      const writers = numbers(8).map(async (writer) => {
        for (let n = 0; running; n++) {
          const value = `${writer}-${n}`;
          await log.append([record(value)]).then(
            () => acknowledged.push(value),
            (error: unknown) => refused.push(error),
          );
        }
      });
      await waitFor('some records', () => acknowledged.length > 100);

      await server.kill();
      const started = performance.now();
      await expect(log.append([record('lost?', 1)])).rejects.toMatchObject({
        kind: 'unavailable',
        code: 'LOG_UNAVAILABLE',
      });
      expect(performance.now() - started).toBeLessThan(2_500);
      await expect(log.check()).rejects.toBeInstanceOf(AppError);
      await server.restart();

      const before = acknowledged.length;
      await waitFor('appends after the outage', () => acknowledged.length > before + 100, 60_000);
      running = false;
      await Promise.all(writers);
      expect(refused.every((error) => error instanceof AppError && error.code === 'LOG_UNAVAILABLE')).toBe(true);
      const stored = await all();
      expect(stored.map(({ offset }) => offset)).toEqual(numbers(stored.length));
      const values = stored.map(({ value }) => value);
      expect(new Set(values).size).toBe(values.length);
      expect(acknowledged.filter((value) => !values.includes(value))).toEqual([]);
      await waitFor('the consumer', () => seen.values(0, topic).length >= stored.length, 60_000);
      expect(seen.values(0, topic)).toEqual(values);
      expect(subscription.following()).toBe(true);
      await log.close();
      log = await server.open();
      expect((await all()).map(({ value }) => value)).toEqual(values);
    }, 180_000);
  });
}
