import { NestFactory } from '@nestjs/core';
import type { BillingQueries } from '@tollgate/contracts';
import { nestLogger, type HealthReport } from '@tollgate/service-kit';
import { Billing, BillingModule, type BillingOptions } from './billing.module.ts';

export type RunningBilling = { readonly queries: BillingQueries; health(): Promise<HealthReport>; stop(): Promise<void> };

/** Starts billing in this process; what is outstanding in its outbox is broadcast from here on. */
export async function startBilling(options: BillingOptions): Promise<RunningBilling> {
  const app = await NestFactory.createApplicationContext(BillingModule.with(options), {
    logger: nestLogger(options.logger),
    abortOnError: false,
  });
  const billing = app.get(Billing);
  return { queries: billing.queries, health: () => billing.health(), stop: () => app.close() };
}
