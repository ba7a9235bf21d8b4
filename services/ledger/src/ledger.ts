import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { LedgerQueries } from '@tollgate/contracts';
import { type HealthReport, partOf } from '@tollgate/service-kit';

import { BookingService } from './booking/booking.service.ts';
import { type LedgerOptions, ledgerOptions } from './ledger-options.ts';
import { fixPlacement } from './postgres/placement.ts';
import { LedgerPools } from './postgres/pools.ts';
import { PublishingService } from './publishing/publishing.service.ts';
import { ledgerQueries } from './queries/queries.module.ts';
import { SealingService } from './sealing/sealing.service.ts';

/** The life of the service: starts and stops its capabilities in order, and says whether it is ready. */
@Injectable()
export class Ledger implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly queries: LedgerQueries;
  readonly #partitions: number;
  readonly #pools: LedgerPools;
  readonly #booking: BookingService;
  readonly #sealing: SealingService;
  readonly #publishing: PublishingService;

  constructor(
    @Inject(ledgerOptions) { partitions }: LedgerOptions,
    @Inject(ledgerQueries) queries: LedgerQueries,
    @Inject(LedgerPools) pools: LedgerPools,
    @Inject(BookingService) booking: BookingService,
    @Inject(SealingService) sealing: SealingService,
    @Inject(PublishingService) publishing: PublishingService,
  ) {
    this.queries = queries;
    this.#partitions = partitions;
    this.#pools = pools;
    this.#booking = booking;
    this.#sealing = sealing;
    this.#publishing = publishing;
  }

  async onApplicationBootstrap(): Promise<void> {
    try {
      await fixPlacement(this.#pools.reading, this.#partitions);
    } catch (error) {
      await this.onApplicationShutdown();
      throw error;
    }
    await this.#booking.start();
  }

  async health(): Promise<HealthReport> {
    const { log, partitions } = this.#booking.health();
    const parts = [log, await partOf('database', () => this.#pools.check()), partitions];
    return { ready: parts.every(({ up }) => up), parts };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#booking.stop();
    await this.#sealing.stop();
    await this.#publishing.stop();
    await this.#booking.flush();
    await this.#pools.end();
  }
}
