import { NestFactory } from '@nestjs/core';
import type { LedgerQueries } from '@tollgate/contracts';
import { type HealthReport, nestLogger } from '@tollgate/service-kit';

import { LedgerModule } from './ledger.module.ts';
import { Ledger } from './ledger.ts';
import type { LedgerOptions } from './ledger-options.ts';

export type RunningLedger = { readonly queries: LedgerQueries; health(): Promise<HealthReport>; stop(): Promise<void> };

/** Starts the ledger in this process: it joins the group and books what the partitions it gets hold. */
export async function startLedger(options: LedgerOptions): Promise<RunningLedger> {
  const app = await NestFactory.createApplicationContext(LedgerModule.with(options), {
    logger: nestLogger(options.logger),
    abortOnError: false,
  });
  const ledger = app.get(Ledger);
  return { queries: ledger.queries, health: () => ledger.health(), stop: () => app.close() };
}
