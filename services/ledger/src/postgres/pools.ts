import { Inject, Injectable } from '@nestjs/common';
import { createPool } from '@tollgate/persistence';
import type { Pool } from 'pg';

import { type LedgerOptions, ledgerOptions } from '../ledger-options.ts';

const connectionsMax = 4;

/** Booking has connections of its own, so that queries cannot delay a commit. */
@Injectable()
export class LedgerPools {
  readonly booking: Pool;
  readonly reading: Pool;

  constructor(@Inject(ledgerOptions) { databaseUrl, logger }: LedgerOptions) {
    const pool = (purpose: 'booking' | 'reading'): Pool =>
      createPool({
        url: databaseUrl,
        max: connectionsMax,
        applicationName: `tollgate-ledger-${purpose}`,
        onLostConnection: (error) => logger.warn({ reason: error.message }, 'a database connection was lost'),
      });
    this.booking = pool('booking');
    this.reading = pool('reading');
  }

  /** Rejects when the books cannot be read. */
  async check(): Promise<void> {
    await this.reading.query('select from ledger.positions limit 0');
  }

  async end(): Promise<void> {
    await this.booking.end();
    await this.reading.end();
  }
}
