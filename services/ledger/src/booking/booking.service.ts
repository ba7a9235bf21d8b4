import { setTimeout as delay } from 'node:timers/promises';

import { Inject, Injectable } from '@nestjs/common';
import { groups, topics } from '@tollgate/contracts';
import { AppError, doublingMs } from '@tollgate/kernel';
import type { Subscription } from '@tollgate/messaging';
import { type HealthPart, type Loop, startPeriodic } from '@tollgate/service-kit';

import { type LedgerOptions, ledgerOptions } from '../ledger-options.ts';
import { LedgerPools } from '../postgres/pools.ts';
import { AfterCommit } from './after-commit.ts';
import type { Answers } from './batch-answers.ts';
import { type LedgerMetrics, ledgerMetrics } from './ledger-metrics.ts';
import { PartitionOwner } from './partition-owner.ts';
import { createAccountCache, createRecentAnswers } from './partition-state.ts';
import type { PartitionCommit } from './ports.ts';
import { PostgresBookStore } from './postgres/postgres-book-store.ts';
import { PostgresRefusals } from './postgres/postgres-refusals.ts';
import { BookStatistics } from './postgres/statistics.ts';
import { RefusalLog } from './refusal-log.ts';

const accountsMaxDefault = 200_000;
const recentAnswersMax = 20_000;
/** Refusals are kept for so long (running.md §5). */
const refusalsKeptMs = 30 * 86_400_000;
const sweepEveryMs = 3_600_000;
const retryWaits = { firstMs: 50, maxMs: 2_000 };

/** Books what the log holds: joins the group, owns partitions, answers, and tells `AfterCommit` of every commit. */
@Injectable()
export class BookingService {
  readonly owner: PartitionOwner;
  readonly #options: LedgerOptions;
  readonly #after: AfterCommit;
  readonly #metrics: LedgerMetrics | null;
  readonly #refusals: RefusalLog;
  readonly #keptRefusals: PostgresRefusals;
  readonly #statistics: BookStatistics;
  readonly #stopping = new AbortController();
  #subscription: Subscription | null = null;
  #sweep: Loop | null = null;

  constructor(
    @Inject(ledgerOptions) options: LedgerOptions,
    @Inject(LedgerPools) pools: LedgerPools,
    @Inject(AfterCommit) after: AfterCommit,
  ) {
    const { logger, metrics } = options;
    this.#options = options;
    this.#after = after;
    this.#metrics = metrics ? ledgerMetrics(metrics, () => this.#count('owned')) : null;
    this.#keptRefusals = new PostgresRefusals(pools.reading);
    this.#refusals = new RefusalLog(this.#keptRefusals, (error) =>
      logger.warn({ err: error }, 'refusals could not be kept'),
    );
    this.#statistics = new BookStatistics(pools.reading, (error) =>
      logger.debug({ err: error }, 'statistics were not refreshed'),
    );
    this.owner = this.#createOwner(new PostgresBookStore(pools.booking));
  }

  async start(): Promise<void> {
    this.#subscription = await this.#options.eventLog.subscribe({
      group: groups.ledgerBooking,
      topics: [topics.usageEvents],
      handler: this.owner,
    });
    this.owner.attach(this.#subscription);
    this.#sweep = startPeriodic({
      everyMs: sweepEveryMs,
      work: () => this.#keptRefusals.removeBefore(this.#options.clock.nowMs() - refusalsKeptMs),
      onFailure: (error) => this.#options.logger.warn({ err: error }, 'old refusals could not be removed'),
    });
  }

  /** Ready while the log is followed, every partition that the group gave this instance is claimed, and none halted. */
  health(): { readonly log: HealthPart; readonly partitions: HealthPart } {
    const following = this.#subscription?.following() ?? false;
    const log = { name: 'log', up: following, ...detail(following ? null : 'not a member of the group that books') };
    const halted = this.owner.views().filter(({ state }) => state === 'halted');
    const claiming = this.#count('claiming');
    const trouble =
      halted.length > 0
        ? `halted: ${halted.map(({ partition, reason }) => `${partition} (${reason})`).join('; ')}`
        : claiming > 0
          ? `${claiming} are being claimed`
          : null;
    return { log, partitions: { name: 'partitions', up: trouble === null, ...detail(trouble) } };
  }

  /** Stops taking records and waits for commits under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sweep?.stop();
    await this.#subscription?.stop();
    await this.owner.stop();
  }

  /** Writes the refusals that are still waiting; call it after `stop`. */
  flush(): Promise<void> {
    return this.#refusals.flush();
  }

  #count(state: 'owned' | 'claiming'): number {
    return this.owner.views().filter((view) => view.state === state).length;
  }

  #createOwner(store: PostgresBookStore): PartitionOwner {
    const { eventLog, clock, answers, logger, accountsMax = accountsMaxDefault } = this.#options;
    return new PartitionOwner({
      topic: topics.usageEvents,
      store,
      log: eventLog,
      clock,
      caches: { accounts: createAccountCache(accountsMax), recent: createRecentAnswers(recentAnswersMax) },
      booking: {
        answer: (batch) => this.#answer(batch),
        refused: (refusals) => this.#refusals.add(refusals),
        pause: (attempt) => this.#pause(attempt),
        warn: (message, details) => logger.warn(details, message),
      },
      answerClock: ({ replyTo, waiter }) =>
        answers.send(replyTo, [[waiter, { outcome: 'unchanged', replayed: false, account: '' }]]),
      committed: (commits) => this.#committed(commits),
      claimed: (partition) => this.#after.claimed(partition),
      alarm: (partition, reason) => {
        this.#metrics?.halted.inc();
        logger.error(
          { partition, reason, code: 'PARTITION_HALTED' },
          'a partition halted: nothing is skipped or booked twice; see tollgate realign',
        );
      },
    });
  }

  #answer(batch: Answers): void {
    for (const [replyTo, answers] of batch) {
      this.#options.answers.send(replyTo, answers);
      for (const [, { outcome, problem }] of answers)
        this.#metrics?.answers.inc({ outcome, code: problem?.code ?? '' });
    }
  }

  #committed(commits: readonly PartitionCommit[]): void {
    let entries = 0;
    for (const commit of commits) entries += commit.entries.length;
    this.#metrics?.commits.inc();
    this.#metrics?.entries.inc(entries);
    this.#statistics.committed(entries);
    this.#after.committed(commits);
  }

  /** Exponential back-off, at most two seconds. Rejects when the service stops. */
  async #pause(attempt: number): Promise<void> {
    try {
      await delay(doublingMs(retryWaits, attempt), undefined, { signal: this.#stopping.signal });
    } catch (error) {
      throw new AppError('unavailable', 'SERVICE_STOPPING', 'the ledger is stopping', {}, error);
    }
  }
}

const detail = (text: string | null): { readonly detail?: string } => (text === null ? {} : { detail: text });
