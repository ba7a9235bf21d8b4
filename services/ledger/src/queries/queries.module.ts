import { Module } from '@nestjs/common';
import { accountKinds, type LedgerQueries } from '@tollgate/contracts';
import { guardQueries } from '@tollgate/persistence';

import { BookingModule } from '../booking/booking.module.ts';
import { BookingService } from '../booking/booking.service.ts';
import { type LedgerOptions, ledgerOptions } from '../ledger-options.ts';
import { LedgerPools } from '../postgres/pools.ts';
import { SealingModule } from '../sealing/sealing.module.ts';
import { SealingService } from '../sealing/sealing.service.ts';
import { sha256 } from '../sealing/sha256.ts';
import { PostgresDetails } from './postgres/postgres-details.ts';
import { postgresReads } from './postgres/postgres-reads.ts';
import { tierGauge } from './postgres/tier-gauge.ts';
import { makeQueries } from './queries.ts';

/** Nest's token of the typed queries that the ledger answers. */
export const ledgerQueries = Symbol('LedgerQueries');

function createQueries(
  { eventLog, clock, partitions, metrics }: LedgerOptions,
  { reading }: LedgerPools,
  { owner }: BookingService,
  { seals }: SealingService,
): LedgerQueries {
  if (metrics) tierGauge(metrics, reading, accountKinds.indexOf('credits'));
  const queries = makeQueries({
    reads: postgresReads(reading, partitions),
    seals,
    hash: sha256,
    clock,
    partitions,
    owned: (partition) => owner.stateOf(partition),
    views: () => owner.views(),
    append: (records) => eventLog.append(records),
    details: new PostgresDetails(reading),
  });
  return guardQueries('LEDGER_DATABASE_UNAVAILABLE', queries);
}

@Module({
  imports: [BookingModule, SealingModule],
  providers: [
    {
      provide: ledgerQueries,
      useFactory: createQueries,
      inject: [ledgerOptions, LedgerPools, BookingService, SealingService],
    },
  ],
  exports: [ledgerQueries],
})
export class QueriesModule {}
