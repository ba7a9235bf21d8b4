import 'reflect-metadata';

import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { accountKinds, groups, type LedgerQueries, topics } from '@tollgate/contracts';
import { AppError, type Clock } from '@tollgate/kernel';
import type { AnswerSender, EventLog, Subscription } from '@tollgate/messaging';
import { createPool, guardQueries } from '@tollgate/persistence';
import { type HealthReport, type Logger, type Metrics, partOf } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import type { Verdict } from './booking/decide-batch.ts';
import { type LedgerMetrics, ledgerMetrics } from './booking/ledger-metrics.ts';
import { createAccountCache, createRecentAnswers } from './booking/partition-books.ts';
import { PartitionOwner } from './booking/partition-owner.ts';
import type { PartitionCommit } from './booking/ports.ts';
import { commitmentHexOf } from './booking/postgres/encode-commit.ts';
import { PostgresBookStore } from './booking/postgres/postgres-book-store.ts';
import { postgresRefusals } from './booking/postgres/postgres-refusals.ts';
import { RefusalLog } from './booking/refusal-log.ts';
import { fixPlacement } from './postgres/placement.ts';
import { eachPartition, FollowUp } from './publishing/follow-up.ts';
import {
  published,
  type PublishedThrough,
  type PublishedTopic,
  publishFollowing,
  publishPartition,
} from './publishing/outbox.ts';
import { PostgresOutbox, sealMessage } from './publishing/postgres/postgres-outbox.ts';
import { PostgresBooksReader } from './queries/postgres/postgres-books-reader.ts';
import { detailsStore } from './queries/postgres/postgres-details.ts';
import { tierGauge } from './queries/postgres/tier-gauge.ts';
import { makeQueries } from './queries/queries.ts';
import type { Seal } from './sealing/domain/seal.ts';
import { PostgresSeals } from './sealing/postgres/postgres-seals.ts';
import { sealPartitions, UnsealedEntries } from './sealing/sealer.ts';
import { sha256 } from './sealing/sha256.ts';

export type LedgerOptions = {
  /** Of the role `tollgate_ledger`, on a migrated database. */
  readonly databaseUrl: string;
  readonly eventLog: EventLog;
  readonly answers: AnswerSender;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Fixed with the books at the first start. */
  readonly partitions: number;
  readonly metrics?: Metrics;
  /** Accounts kept in memory, about 1 kB each. Default 200,000. */
  readonly accountsMax?: number;
  /** Whether every entry is published to `ledger.entries.v1`. Default true. */
  readonly publishEntries?: boolean;
};

const optionsToken = Symbol('LedgerOptions');
/** Seals within a second (design §3): the work itself takes a part of it. */
const sealDelayMs = 400;
const publishDelayMs = 20;
/** Refusals nobody waited for are kept so long (running.md §5). */
const refusalsKeptDays = 30;

/** The service's life: joins the adapters to the use cases. */
@Injectable()
export class Ledger implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #options: LedgerOptions;
  readonly #booking: Pool;
  readonly #reading: Pool;
  readonly #owner: PartitionOwner;
  readonly #followUps: { readonly seal: FollowUp; readonly publish: ReadonlyMap<PublishedTopic, FollowUp> };
  readonly #metrics: LedgerMetrics | null;
  readonly queries: LedgerQueries;
  #booked = 0;
  #analyzeAt = 1_000;
  readonly #unsealed = new UnsealedEntries();
  readonly #lastSeals = new Map<number, Seal>();
  readonly #sealsThrough: PublishedThrough = new Map();
  #subscription: Subscription | null = null;
  #stopping = new AbortController();
  #sweep: NodeJS.Timeout | null = null;
  readonly #refusals: RefusalLog;
  readonly #sweepAnswered: (ms: number) => Promise<void>;

  constructor(@Inject(optionsToken) options: LedgerOptions) {
    this.#options = options;
    const onLostConnection = (error: Error): void =>
      options.logger.warn({ reason: error.message }, 'a database connection was lost');
    this.#booking = createPool({
      url: options.databaseUrl,
      max: 4,
      applicationName: 'tollgate-ledger-booking',
      onLostConnection,
    });
    this.#reading = createPool({
      url: options.databaseUrl,
      max: 4,
      applicationName: 'tollgate-ledger-reading',
      onLostConnection,
    });
    this.#metrics = options.metrics ? ledgerMetrics(options.metrics, () => this.#owned()) : null;
    if (options.metrics) tierGauge(options.metrics, this.#reading, accountKinds.indexOf('credits'));
    const keeper = postgresRefusals(this.#reading);
    this.#refusals = new RefusalLog(keeper, (error) =>
      options.logger.warn({ err: error }, 'refusals could not be kept'),
    );
    this.#sweepAnswered = (ms) => keeper.removeBefore(ms);
    this.#owner = this.#createOwner();
    const seals = new PostgresSeals(this.#reading);
    this.queries = guardQueries(
      'LEDGER_DATABASE_UNAVAILABLE',
      makeQueries({
        reader: new PostgresBooksReader(this.#reading, options.partitions),
        seals,
        hash: sha256,
        clock: options.clock,
        partitions: options.partitions,
        owned: (partition) => this.#owner.books(partition),
        views: () => this.#owner.views(),
        append: (records) => options.eventLog.append(records),
        details: detailsStore(this.#reading),
      }),
    );
    this.#followUps = this.#createFollowUps(seals);
  }

  async onApplicationBootstrap(): Promise<void> {
    await fixPlacement(this.#reading, this.#options.partitions).catch(async (error: unknown) => {
      await this.onApplicationShutdown();
      throw error;
    });
    this.#subscription = await this.#options.eventLog.subscribe({
      group: groups.ledgerBooking,
      topics: [topics.usageEvents],
      handler: this.#owner,
    });
    this.#owner.attach(this.#subscription);
    const sweep = (): void => void this.#sweepRefusals();
    this.#sweep = setInterval(sweep, 3_600_000).unref();
  }

  /**
   * Ready while the log is followed, every partition that the group gave this instance is claimed, and none has halted.
   */
  async health(): Promise<HealthReport> {
    const following = this.#subscription?.following() ?? false;
    const log = {
      name: 'log',
      up: following,
      ...(following ? {} : { detail: 'not a member of the group that books' }),
    };
    const database = await partOf('database', () => this.#reading.query('select from ledger.positions limit 0'));
    const halted = this.#owner.views().filter(({ state }) => state === 'halted');
    const claiming = this.#owner.views().filter(({ state }) => state === 'claiming').length;
    const partitions =
      halted.length > 0
        ? {
            name: 'partitions',
            up: false,
            detail: `halted: ${halted.map(({ partition, reason }) => `${partition} (${reason})`).join('; ')}`,
          }
        : {
            name: 'partitions',
            up: claiming === 0,
            ...(claiming > 0 ? { detail: `${claiming} are being claimed` } : {}),
          };
    return { ready: log.up && database.up && partitions.up, parts: [log, database, partitions] };
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    if (this.#sweep) clearInterval(this.#sweep);
    await this.#subscription?.stop();
    await this.#owner.stop();
    await this.#followUps.seal.stop();
    for (const followUp of this.#followUps.publish.values()) await followUp.stop();
    await this.#refusals.flush();
    await this.#booking.end();
    await this.#reading.end();
  }

  #owned(): number {
    return this.#owner.views().filter(({ state }) => state === 'owned').length;
  }

  #createOwner(): PartitionOwner {
    const { eventLog, clock, answers, logger, accountsMax = 200_000 } = this.#options;
    return new PartitionOwner({
      topic: topics.usageEvents,
      store: new PostgresBookStore(this.#booking),
      log: eventLog,
      clock,
      caches: { accounts: createAccountCache(accountsMax), recent: createRecentAnswers(20_000) },
      booking: {
        answer: (verdicts) => this.#answer(verdicts),
        refused: (refusals) => this.#refusals.add(refusals),
        pause: (attempt) => this.#pause(attempt),
        warn: (message, details) => logger.warn(details, message),
      },
      answerClock: ({ replyTo, waiter }) =>
        answers.send(replyTo, [[waiter, { outcome: 'unchanged', replayed: false, account: '' }]]),
      committed: (commits) => this.#committed(commits),
      claimed: (partition) => this.#claimed(partition),
      alarm: (partition, reason) => {
        this.#metrics?.halted.inc();
        logger.error(
          { partition, reason, code: 'PARTITION_HALTED' },
          'a partition halted: nothing is skipped or booked twice; see tollgate realign',
        );
      },
    });
  }

  #createFollowUps(seals: PostgresSeals): { seal: FollowUp; publish: ReadonlyMap<PublishedTopic, FollowUp> } {
    const { clock, eventLog, logger } = this.#options;
    const store = new PostgresOutbox(this.#reading);
    const warn = (error: unknown): void => logger.warn({ err: error }, 'behind the hot path: tried again');
    const outbox = {
      store,
      append: (records: Parameters<EventLog['append']>[0]) => eventLog.append(records),
      through: this.#sealsThrough,
    };
    const owned = (partition: number): boolean => this.#owner.books(partition) !== null;
    const publisher = (topic: PublishedTopic): FollowUp =>
      new FollowUp({
        delayMs: publishDelayMs,
        warn,
        work: eachPartition(async (partition) => {
          if (!owned(partition)) return;
          const through = await publishPartition(outbox, partition, topic);
          if (topic === published.seals) this.#sealsThrough.set(partition, Math.max(0, through));
        }, warn),
      });
    const publish = new Map(Object.values(published).map((topic) => [topic, publisher(topic)]));
    const seal = new FollowUp({
      delayMs: sealDelayMs,
      warn,
      work: async (partitions) => {
        const ports = { store: seals, hash: sha256, clock, unsealed: this.#unsealed, lastSeals: this.#lastSeals };
        const { made, more } = await sealPartitions(ports, partitions.filter(owned));
        const rows = made.map((one) => ({ ...sealMessage(one), partition: one.partition }));
        const missing = await publishFollowing(outbox, published.seals, rows).catch(() =>
          rows.map(({ partition }) => partition),
        );
        for (const partition of missing) publish.get(published.seals)?.mark(partition);
        for (const partition of more) seal.mark(partition);
        return [];
      },
    });
    return { seal, publish };
  }

  #answer(verdicts: readonly Verdict[]): void {
    const byGateway = new Map<string, [number, Verdict['answer']][]>();
    for (const { replyTo, waiter, answer } of verdicts) {
      const list = byGateway.get(replyTo);
      if (list) list.push([waiter, answer]);
      else byGateway.set(replyTo, [[waiter, answer]]);
      this.#metrics?.answers.inc({ outcome: answer.outcome, code: answer.problem?.code ?? '' });
    }
    for (const [replyTo, answers] of byGateway) this.#options.answers.send(replyTo, answers);
  }

  #committed(commits: readonly PartitionCommit[]): void {
    const { seal, publish } = this.#followUps;
    let entries = 0;
    for (const { partition, entries: booked, deadLetters } of commits) {
      entries += booked.length;
      if (deadLetters.length > 0) publish.get(published.deadLetters)?.mark(partition);
      if (booked.length === 0) continue;
      this.#unsealed.add(
        partition,
        booked.map((entry) => ({ entry, commitmentHex: commitmentHexOf(entry) })),
      );
      seal.mark(partition);
      if (this.#options.publishEntries ?? true) publish.get(published.entries)?.mark(partition);
      if (booked.some(({ crossings, blockChanges }) => crossings.length + blockChanges.length > 0))
        publish.get(published.crossings)?.mark(partition);
    }
    this.#metrics?.commits.inc();
    this.#metrics?.entries.inc(entries);
    this.#booked += entries;
    if (this.#booked >= this.#analyzeAt) this.#analyze();
  }

  /** Refreshes the planner's statistics as the books grow tenfold; afterwards the server does it by itself. */
  #analyze(): void {
    this.#analyzeAt = this.#booked * 10;
    this.#reading
      .query(
        'analyze ledger.entries, ledger.accounts, ledger.account_terms, ledger.lots, ledger.holds, ' +
          'ledger.counters, ledger.names, ledger.details',
      )
      .catch((error: unknown) => this.#options.logger.debug({ err: error }, 'statistics were not refreshed'));
  }

  /** What an earlier owner had committed and not followed up is found in the books. */
  #claimed(partition: number): void {
    this.#lastSeals.delete(partition);
    this.#sealsThrough.delete(partition);
    this.#followUps.seal.mark(partition);
    for (const [topic, followUp] of this.#followUps.publish) {
      if (topic !== published.entries || (this.#options.publishEntries ?? true)) followUp.mark(partition);
    }
  }

  #pause(attempt: number): Promise<void> {
    const { signal } = this.#stopping;
    const delayMs = Math.min(2_000, 50 * 2 ** Math.min(attempt, 6));
    return new Promise((resolve, reject) => {
      const stopped = (): void => reject(new AppError('unavailable', 'SERVICE_STOPPING', 'the ledger is stopping'));
      if (signal.aborted) return stopped();
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, delayMs);
      const abort = (): void => {
        clearTimeout(timer);
        stopped();
      };
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  async #sweepRefusals(): Promise<void> {
    const before = new Date(this.#options.clock.nowMs() - refusalsKeptDays * 86_400_000);
    const removed = this.#reading
      .query('delete from ledger.refusals where refused_at < $1', [before])
      .then(() => this.#sweepAnswered(before.getTime()));
    await removed.catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'old refusals could not be removed');
    });
  }
}

@Module({})
export class LedgerModule {
  static with(options: LedgerOptions): DynamicModule {
    return { module: LedgerModule, providers: [{ provide: optionsToken, useValue: options }, Ledger] };
  }
}
