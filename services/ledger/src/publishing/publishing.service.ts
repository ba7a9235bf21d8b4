import { Inject, Injectable } from '@nestjs/common';

import { AfterCommit } from '../booking/after-commit.ts';
import { BookingService } from '../booking/booking.service.ts';
import { eachPartition, FollowUp } from '../booking/follow-up.ts';
import type { PartitionCommit } from '../booking/ports.ts';
import { type LedgerOptions, ledgerOptions } from '../ledger-options.ts';
import { LedgerPools } from '../postgres/pools.ts';
import type { Seal } from '../sealing/domain/seal.ts';
import { SealingService } from '../sealing/sealing.service.ts';
import type { OutboxPorts, PublishedTopic } from './outbox.ts';
import { published, publishFollowing, publishPartition } from './outbox.ts';
import { PostgresOutbox, sealMessage } from './postgres/postgres-outbox.ts';

const publishDelayMs = 20;

/** Publishes what was committed and sealed, each topic from a position of its own. */
@Injectable()
export class PublishingService {
  readonly #topics: ReadonlyMap<PublishedTopic, FollowUp>;
  readonly #outbox: OutboxPorts;
  /** The last seal published of each partition, as far as this instance knows. */
  readonly #sealsThrough = new Map<number, number>();
  readonly #booking: BookingService;
  readonly #warn: (error: unknown) => void;

  constructor(
    @Inject(ledgerOptions) { eventLog, logger, publishEntries = true }: LedgerOptions,
    @Inject(LedgerPools) pools: LedgerPools,
    @Inject(BookingService) booking: BookingService,
    @Inject(SealingService) sealing: SealingService,
    @Inject(AfterCommit) after: AfterCommit,
  ) {
    this.#booking = booking;
    this.#warn = (error) => logger.warn({ err: error }, 'records could not be published; it is tried again');
    this.#outbox = {
      store: new PostgresOutbox(pools.reading),
      append: (records) => eventLog.append(records),
    };
    const topics = Object.values(published).filter((topic) => publishEntries || topic !== published.entries);
    this.#topics = new Map(topics.map((topic) => [topic, this.#followUpOf(topic)]));
    after.listen({
      committed: (commits) => commits.forEach((commit) => this.#committed(commit)),
      claimed: (partition) => this.#claimed(partition),
    });
    sealing.onSealed((seals) => this.#sealed(seals));
  }

  async stop(): Promise<void> {
    for (const followUp of this.#topics.values()) await followUp.stop();
  }

  #followUpOf(topic: PublishedTopic): FollowUp {
    const publish = async (partition: number): Promise<void> => {
      if (this.#booking.owner.stateOf(partition) === null) return;
      const through = await publishPartition(this.#outbox, partition, topic);
      if (topic === published.seals) this.#sealsThrough.set(partition, Math.max(0, through));
    };
    return new FollowUp({ delayMs: publishDelayMs, warn: this.#warn, work: eachPartition(publish, this.#warn) });
  }

  #committed({ partition, entries, deadLetters }: PartitionCommit): void {
    if (deadLetters.length > 0) this.#mark(published.deadLetters, partition);
    if (entries.length > 0) this.#mark(published.entries, partition);
    if (entries.some(({ crossings, blockChanges }) => crossings.length + blockChanges.length > 0))
      this.#mark(published.crossings, partition);
  }

  #claimed(partition: number): void {
    this.#sealsThrough.delete(partition);
    for (const followUp of this.#topics.values()) followUp.mark(partition);
  }

  /** New seals are published at once where they follow the last one published, otherwise from the books. */
  async #sealed(seals: readonly Seal[]): Promise<void> {
    const rows = seals.map((seal) => ({ ...sealMessage(seal), partition: seal.partition }));
    const missing = await publishFollowing(
      { ...this.#outbox, through: this.#sealsThrough },
      published.seals,
      rows,
    ).catch(() => rows.map(({ partition }) => partition));
    for (const partition of missing) this.#mark(published.seals, partition);
  }

  #mark(topic: PublishedTopic, partition: number): void {
    this.#topics.get(topic)?.mark(partition);
  }
}
