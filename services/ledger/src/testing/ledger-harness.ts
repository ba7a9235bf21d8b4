import { randomUUID } from 'node:crypto';

import type { Answer, LedgerRequest, RequestData, RequestType } from '@tollgate/contracts';
import { recordHeaders, topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import type { EventLog, OutgoingRecord } from '@tollgate/messaging';
import { createInProcessAnswers, embeddedLogSchema, openEmbeddedLog } from '@tollgate/messaging';
import { migrate, roleUrl } from '@tollgate/persistence';
import { createLogger } from '@tollgate/service-kit';
import type { FakeClock, FreshDatabase } from '@tollgate/testing';
import { fakeClock, freshDatabase } from '@tollgate/testing';
import pg from 'pg';

import type { LedgerOptions, RunningLedger } from '../index.ts';
import { ledgerSchema, startLedger } from '../index.ts';

export const partitions = 4;
const password = (role: string): string => `${role}-password`;
const schemas = [embeddedLogSchema, ledgerSchema];

/** A database with the ledger's schema and the embedded log's. */
export const ledgerDatabase = (): Promise<FreshDatabase> =>
  freshDatabase({
    template: JSON.stringify(schemas),
    migrate: async (adminUrl) => void (await migrate({ adminUrl, schemas, rolePassword: password })),
  });

export type Asking = {
  readonly id?: string;
  readonly keyed?: boolean;
  readonly hash?: string;
  readonly source?: string;
  readonly occurred?: string;
  readonly details?: LedgerRequest['details'];
};

const answerTimeoutMs = 15_000;

/** A ledger on an embedded log and a real PostgreSQL, asked as a gateway asks. */
export class LedgerHarness {
  readonly database: FreshDatabase;
  readonly clock: FakeClock;
  readonly url: string;
  readonly admin: pg.Pool;
  log!: EventLog;
  ledger!: RunningLedger;
  #answers = createInProcessAnswers();
  #waiters = new Map<number, (answer: Answer) => void>();
  #next = 0;

  private constructor(database: FreshDatabase, clock: FakeClock) {
    this.database = database;
    this.clock = clock;
    this.url = roleUrl(database.url, ledgerSchema.role, password(ledgerSchema.role));
    this.admin = new pg.Pool({ connectionString: database.url, max: 3 });
    this.admin.on('error', () => undefined);
  }

  static async start(options: Partial<LedgerOptions> = {}): Promise<LedgerHarness> {
    const harness = new LedgerHarness(await ledgerDatabase(), fakeClock(Date.parse('2026-11-21T10:00:00Z')));
    harness.log = await openEmbeddedLog({
      // As patient as who waits for the answer: a machine that others keep busy is no fault of the log.
      url: roleUrl(harness.database.url, embeddedLogSchema.role, password(embeddedLogSchema.role)),
      clock: harness.clock,
      appendTimeoutMs: answerTimeoutMs,
    });
    await harness.log.createTopics(
      [
        topics.usageEvents,
        topics.ledgerEntries,
        topics.tierCrossings,
        topics.ledgerSeals,
        `${topics.usageEvents}.dlq.ledger.booking`,
      ].map((topic) => ({ topic, partitions, retention: 'forever' as const })),
    );
    await harness.startLedger(options);
    return harness;
  }

  async startLedger(options: Partial<LedgerOptions> = {}): Promise<RunningLedger> {
    this.#answers = createInProcessAnswers();
    this.#answers.receiver.onAnswers((answers) => {
      for (const [waiter, answer] of answers) {
        this.#waiters.get(waiter)?.(answer);
        this.#waiters.delete(waiter);
      }
    });
    this.ledger = await startLedger({
      databaseUrl: this.url,
      eventLog: this.log,
      answers: this.#answers.sender,
      clock: this.clock,
      logger: createLogger({ service: 'ledger', level: 'silent' }),
      partitions,
      ...options,
    });
    return this.ledger;
  }

  record<T extends RequestType>(
    type: T,
    account: string,
    data: RequestData[T],
    asking: Asking = {},
    partition = partitionOf(account, partitions),
  ): OutgoingRecord {
    const { id = randomUUID(), source = `http:${type}`, ...rest } = asking;
    const value = JSON.stringify({ v: 1, type, source, id, account, data, ...rest });
    return { topic: topics.usageEvents, partition, key: account, value };
  }

  /** Appends and waits for the answer. */
  async ask<T extends RequestType>(
    type: T,
    account: string,
    data: RequestData[T],
    asking: Asking = {},
    partition?: number,
  ): Promise<Answer> {
    return this.send(this.record(type, account, data, asking, partition));
  }

  async send(record: OutgoingRecord): Promise<Answer> {
    const waiter = ++this.#next;
    let late: NodeJS.Timeout | undefined;
    const answer = new Promise<Answer>((resolve, reject) => {
      late = setTimeout(() => reject(new Error(`no answer to ${record.value}`)), answerTimeoutMs);
      this.#waiters.set(waiter, (answered) => {
        clearTimeout(late);
        resolve(answered);
      });
    });
    try {
      await this.log.append([
        {
          ...record,
          headers: { [recordHeaders.replyTo]: this.#answers.receiver.replyTo, [recordHeaders.waiter]: String(waiter) },
        },
      ]);
    } catch (error) {
      // Nobody waits any more.
      clearTimeout(late);
      throw error;
    }
    return answer;
  }

  /** A `clock` record in every partition; resolves when every timer due is booked. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await Promise.all(
      Array.from({ length: partitions }, (_, partition) => this.send(this.record('clock', '', {}, {}, partition))),
    );
  }

  async rows<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    return (await this.admin.query<T>(sql, values)).rows;
  }

  async stop(): Promise<void> {
    await this.ledger.stop();
    await this.log.close();
    await this.admin.end();
    await this.database.drop();
  }
}
