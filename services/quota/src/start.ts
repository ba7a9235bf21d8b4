import { NestFactory } from '@nestjs/core';
import { type QuotaQueries, topics } from '@tollgate/contracts';
import { type HealthReport, nestLogger } from '@tollgate/service-kit';

import { Quota, QuotaModule, type QuotaOptions } from './quota.module.ts';

export type RunningQuota = { readonly queries: QuotaQueries; health(): Promise<HealthReport>; stop(): Promise<void> };

/** Starts quota in this process. */
export async function startQuota(options: QuotaOptions): Promise<RunningQuota> {
  const { partitions } = await options.eventLog.describe(topics.usageEvents);
  const app = await NestFactory.createApplicationContext(QuotaModule.with(options, partitions.length), {
    logger: nestLogger(options.logger),
    abortOnError: false,
  });
  const quota = app.get(Quota);
  return { queries: quota.queries, health: () => quota.health(), stop: () => app.close() };
}
