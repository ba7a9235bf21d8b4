import { Inject, Injectable } from '@nestjs/common';

import { AfterCommit } from '../booking/after-commit.ts';
import { BookingService } from '../booking/booking.service.ts';
import { FollowUp } from '../booking/follow-up.ts';
import type { PartitionCommit } from '../booking/ports.ts';
import { type LedgerOptions, ledgerOptions } from '../ledger-options.ts';
import { commitmentHexOf } from '../postgres/details-commitment.ts';
import { LedgerPools } from '../postgres/pools.ts';
import type { Seal } from './domain/seal.ts';
import { PostgresSeals } from './postgres/postgres-seals.ts';
import type { SealerPorts } from './sealer.ts';
import { sealPartitions, UnsealedEntries } from './sealer.ts';
import { sha256 } from './sha256.ts';

/** Seals are made within a second (design §3): the work itself takes a part of it. */
const sealDelayMs = 400;

/** Seals what was committed, a short while after the commit. */
@Injectable()
export class SealingService {
  readonly seals: PostgresSeals;
  readonly #ports: SealerPorts;
  readonly #followUp: FollowUp;
  readonly #booking: BookingService;
  #sealed: (seals: readonly Seal[]) => Promise<void> = async () => undefined;

  constructor(
    @Inject(ledgerOptions) { clock, logger }: LedgerOptions,
    @Inject(LedgerPools) pools: LedgerPools,
    @Inject(BookingService) booking: BookingService,
    @Inject(AfterCommit) after: AfterCommit,
  ) {
    this.seals = new PostgresSeals(pools.reading);
    this.#booking = booking;
    this.#ports = { store: this.seals, hash: sha256, clock, unsealed: new UnsealedEntries(), lastSeals: new Map() };
    this.#followUp = new FollowUp({
      delayMs: sealDelayMs,
      warn: (error) => logger.warn({ err: error }, 'entries could not be sealed; it is tried again'),
      work: async (partitions) => {
        await this.#seal(partitions);
        return [];
      },
    });
    after.listen({
      committed: (commits) => commits.forEach((commit) => this.#committed(commit)),
      claimed: (partition) => {
        this.#ports.lastSeals.delete(partition);
        this.#followUp.mark(partition);
      },
    });
  }

  /** Registers the listener for new seals. */
  onSealed(sealed: (seals: readonly Seal[]) => Promise<void>): void {
    this.#sealed = sealed;
  }

  stop(): Promise<void> {
    return this.#followUp.stop();
  }

  #committed({ partition, entries }: PartitionCommit): void {
    if (entries.length === 0) return;
    this.#ports.unsealed.add(
      partition,
      entries.map((entry) => ({ entry, commitmentHex: commitmentHexOf(entry) })),
    );
    this.#followUp.mark(partition);
  }

  async #seal(partitions: readonly number[]): Promise<void> {
    const owned = partitions.filter((partition) => this.#booking.owner.stateOf(partition) !== null);
    const { made, more } = await sealPartitions(this.#ports, owned);
    await this.#sealed(made);
    for (const partition of more) this.#followUp.mark(partition);
  }
}
