import 'reflect-metadata';

import { type DynamicModule, Global, Module } from '@nestjs/common';

import { BookingModule } from './booking/booking.module.ts';
import { Ledger } from './ledger.ts';
import { type LedgerOptions, ledgerOptions } from './ledger-options.ts';
import { LedgerPools } from './postgres/pools.ts';
import { PublishingModule } from './publishing/publishing.module.ts';
import { QueriesModule } from './queries/queries.module.ts';
import { SealingModule } from './sealing/sealing.module.ts';

/** What every capability is given: the options of the service and its connections to PostgreSQL. */
@Global()
@Module({})
class SharedModule {
  static with(options: LedgerOptions): DynamicModule {
    return {
      module: SharedModule,
      providers: [{ provide: ledgerOptions, useValue: options }, LedgerPools],
      exports: [ledgerOptions, LedgerPools],
    };
  }
}

@Module({})
export class LedgerModule {
  static with(options: LedgerOptions): DynamicModule {
    return {
      module: LedgerModule,
      imports: [SharedModule.with(options), BookingModule, SealingModule, PublishingModule, QueriesModule],
      providers: [Ledger],
    };
  }
}
