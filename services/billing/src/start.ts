import { NestFactory } from '@nestjs/core';
import { type BillingQueries, groups, topics } from '@tollgate/contracts';
import { EventLogServer } from '@tollgate/messaging';
import { type HealthReport, nestLogger } from '@tollgate/service-kit';

import { Billing, BillingModule } from './billing.module.ts';
import type { BillingOptions } from './core/core.ts';

export type RunningBilling = {
  readonly queries: BillingQueries;
  health(): Promise<HealthReport>;
  stop(): Promise<void>;
};

/** Starts billing in this process: it takes crossings, charges, and broadcasts what is outstanding from here on. */
export async function startBilling(options: BillingOptions): Promise<RunningBilling> {
  const { logger, eventLog } = options;
  const strategy = new EventLogServer({
    log: eventLog,
    group: groups.billingCharging,
    topics: [topics.tierCrossings],
    onFailure: ({ error, then, alert }) =>
      logger[alert ? 'error' : 'warn']({ err: error, code: error.code, then }, 'a tier crossing could not be taken'),
    onTrouble: (message, error) => logger.warn({ err: error }, message),
  });
  const app = await NestFactory.createMicroservice(BillingModule.with(options), {
    strategy,
    logger: nestLogger(logger),
    abortOnError: false,
  });
  const billing = app.get(Billing);
  try {
    await app.listen();
  } catch (error) {
    await app.close();
    throw error;
  }
  return { queries: billing.queries, health: () => billing.health(), stop: () => app.close() };
}
